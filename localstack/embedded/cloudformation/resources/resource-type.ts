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
  readonly retained: boolean;
}

/** One resource to be brought about. */
export interface Wanted {
  readonly logicalId: string;
  readonly stackName: string;
  readonly properties: JsonObject;
  /** What the last deployment made of it. */
  readonly previous: DeployedResource | undefined;
}

/** What resource types work with. */
export interface Workshop {
  readonly region: string;
  readonly accountId: string;
  call(service: string, operation: string, input: object): Readonly<Record<string, unknown>>;
  /** The key under which the code of a function is stored. */
  storeCode(code: JsonObject, logicalId: string): string;
}

export interface Made {
  readonly physicalId: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** How one type of resource is created or changed in place, and removed. */
export interface ResourceType {
  put(wanted: Wanted, workshop: Workshop): Made;
  remove?(resource: DeployedResource, workshop: Workshop): void;
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
