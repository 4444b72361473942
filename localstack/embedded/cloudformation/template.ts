// A template as CloudFormation reads it, checked just far enough that the rest may rely on its shape.

import { validationError } from './refusals.ts';
import { parseYaml } from './yaml.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: JsonObject;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface TemplateParameter {
  readonly Type: string;
  readonly Default?: string | number;
  readonly Description?: string;
  readonly NoEcho?: boolean | string;
  readonly AllowedValues?: readonly (string | number)[];
  readonly AllowedPattern?: string;
  readonly ConstraintDescription?: string;
  readonly MinLength?: number | string;
  readonly MaxLength?: number | string;
  readonly MinValue?: number | string;
  readonly MaxValue?: number | string;
}

export interface TemplateOutput {
  readonly Value: Json;
  readonly Condition?: string;
  readonly Description?: string;
  readonly Export?: { readonly Name: Json };
}

export interface TemplateRule {
  readonly RuleCondition?: Json;
  readonly Assertions: readonly { readonly Assert: Json; readonly AssertDescription?: string }[];
}

export interface Template {
  readonly AWSTemplateFormatVersion?: string;
  readonly Description?: string;
  readonly Metadata?: JsonObject;
  readonly Transform?: Json;
  readonly Parameters?: Readonly<Record<string, TemplateParameter>>;
  readonly Rules?: Readonly<Record<string, TemplateRule>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  readonly Conditions?: JsonObject;
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, TemplateOutput>>;
}

/** @throws ServiceError `ValidationError` when the text is no template */
export function parseTemplate(text: string): Template {
  const value = parseText(text) as Partial<Template> | null;
  if (typeof value !== 'object' || value === null) {
    throw validationError('Template format error: unsupported structure.');
  }
  const { Resources, Transform } = value;
  assertSections(value);
  if (Transform !== undefined) {
    throw validationError(
      `Template format error: the transform ${JSON.stringify(Transform)} is not offered by the embedded cloud: deploy what it expands to`,
    );
  }
  if (typeof Resources !== 'object' || Resources === null || Object.keys(Resources).length === 0) {
    throw validationError('Template format error: At least one Resources member must be defined.');
  }
  for (const [logicalId, resource] of Object.entries(Resources)) {
    assertResource(logicalId, resource);
  }
  return value as Template;
}

/** What a section's members must have. */
const SECTIONS: Readonly<Record<string, (member: JsonObject) => boolean>> = {
  Conditions: () => true,
  Mappings: () => true,
  Outputs: ({ Value, Export = {} }) => Value !== undefined && isObject(Export),
  Parameters: ({ Type, AllowedValues = [] }) =>
    typeof Type === 'string' && Array.isArray(AllowedValues),
  Rules: ({ Assertions }) => Array.isArray(Assertions) && Assertions.every(isObject),
};

function assertSections(template: object): void {
  const all = template as Readonly<Record<string, unknown>>;
  for (const [section, isWhole] of Object.entries(SECTIONS)) {
    const { [section]: members = {} } = all;
    if (!isObject(members)) {
      throw validationError(`Template format error: [/${section}] must be an object.`);
    }
    for (const [name, member] of Object.entries(members)) {
      if (isObject(member) && isWhole(member as JsonObject)) continue;
      throw validationError(
        `Template format error: [/${section}/${name}] is not what the template reference demands.`,
      );
    }
  }
}

const RESOURCE_MEMBERS = new Set([
  'Condition',
  'DeletionPolicy',
  'Metadata',
  'Properties',
  'Type',
  'UpdateReplacePolicy',
]);
/** Of no type here a snapshot can be taken. */
const POLICIES: Readonly<Record<string, readonly string[]>> = {
  DeletionPolicy: ['Delete', 'Retain', 'RetainExceptOnCreate'],
  UpdateReplacePolicy: ['Delete', 'Retain'],
};

function assertResource(logicalId: string, resource: unknown): void {
  const { Type, Properties, DependsOn = [], ...others } = isObject(resource) ? resource : {};
  const refuse = (sentence: string) =>
    validationError(`Template format error: [/Resources/${logicalId}] ${sentence}`);
  if (typeof Type !== 'string') {
    throw refuse('Every Resources object must contain a Type member.');
  }
  if (Properties !== undefined && !isObject(Properties)) {
    throw refuse('Properties must be an object.');
  }
  if (![DependsOn].flat().every((one) => typeof one === 'string')) {
    throw refuse('DependsOn must be a logical id or a list of them.');
  }
  for (const [name, value] of Object.entries(others)) {
    if (!RESOURCE_MEMBERS.has(name)) {
      throw refuse(`The embedded cloud does not carry out ${name}: leave it out.`);
    }
    const allowed = POLICIES[name];
    if (allowed === undefined || allowed.includes(String(value))) continue;
    throw refuse(`Unrecognized ${name} ${JSON.stringify(value)}: take ${allowed.join(' or ')}.`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseText(text: string): unknown {
  try {
    return text.trimStart().startsWith('{') ? JSON.parse(text) : parseYaml(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw validationError(`Template format error: ${reason}`);
  }
}
