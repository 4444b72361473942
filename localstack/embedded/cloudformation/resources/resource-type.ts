import { ServiceError } from '../../../../lib/cloud/service.ts';
import type { Json, JsonObject } from '../template.ts';

/** A resource as a stack remembers it. */
export interface DeployedResource {
  readonly type: string;
  /** What `Ref` gives. */
  readonly physicalId: string;
  /** What `Fn::GetAtt` gives. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Properties after all functions were resolved. */
  readonly properties: JsonObject;
  readonly deletionPolicy: string;
  readonly updateReplacePolicy: string;
  /** The operation that last had to do with it. */
  readonly operationId: string;
  /** Its last event: `CREATE_COMPLETE`, … */
  readonly status: string;
  readonly changedAtMs: number;
}

/** One resource to be brought about. */
export interface Wanted {
  readonly logicalId: string;
  readonly stackName: string;
  readonly properties: JsonObject;
}

/** What resource types work with. */
export interface Workshop {
  readonly region: string;
  readonly accountId: string;
  call(service: string, operation: string, input: object): Readonly<Record<string, unknown>>;
  /** Lambda's `Code` for the code of a template: an object, or text for `index.js`. */
  codeOf(code: JsonObject): object;
}

export interface Made {
  readonly physicalId: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * How one type of resource is made, changed in place and removed. Properties are those of the type's
 * page in CloudFormation's resource reference.
 */
export interface ResourceType {
  /** The property that holds the name, if a template may choose it. */
  readonly nameProperty?: string;
  /** Further properties whose change the reference answers with "Replacement". */
  readonly replacedBy?: readonly string[];
  /** Refused when something of the name is there already. */
  create(wanted: Wanted, workshop: Workshop): Made;
  /** Takes over what has the wanted name; undefined when nothing has. */
  adopt?(wanted: Wanted, workshop: Workshop): Made | undefined;
  /** Without it, a change of properties changes nothing but the stack's memory. */
  update?(there: DeployedResource, wanted: Wanted, workshop: Workshop): Made;
  /** What making does not take and changing does not either: called after both. */
  configure?(made: Made, wanted: Wanted, settings: Settings): void;
  remove?(resource: DeployedResource, workshop: Workshop): void;
}

export interface Settings extends Workshop {
  /** Properties before the change; empty for a new resource. */
  readonly before: JsonObject;
}

/** Runs a call that asks for something; undefined when it is not there. */
export function find(ask: () => Readonly<Record<string, unknown>>) {
  try {
    return ask();
  } catch (error) {
    if (error instanceof ServiceError && isAbsence(error)) return undefined;
    throw error;
  }
}

/** Removes what may be gone already: that is as good. */
export function discard(remove: () => unknown): void {
  try {
    remove();
  } catch (error) {
    if (!(error instanceof ServiceError && isAbsence(error))) throw error;
  }
}

function isAbsence({ code, statusCode }: ServiceError): boolean {
  return statusCode === 404 || /^(ResourceNotFound(Exception)?|NotFound|NoSuch\w+)$/.test(code);
}

/** The object under a property, or an empty one. */
export function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

/** The list under a property, or an empty one. */
export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** The named members that are there, under their own names. */
export function pick(properties: JsonObject, names: readonly string[]): Record<string, Json> {
  const picked: Record<string, Json> = {};
  for (const name of names) {
    const value = properties[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
