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

const RESOURCE_MEMBERS = new Set([
  'Condition',
  'DeletionPolicy',
  'DependsOn',
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
  const { Type, Properties, ...others } = isObject(resource) ? resource : {};
  const refuse = (sentence: string) =>
    validationError(`Template format error: [/Resources/${logicalId}] ${sentence}`);
  if (typeof Type !== 'string') {
    throw refuse('Every Resources object must contain a Type member.');
  }
  if (Properties !== undefined && !isObject(Properties)) {
    throw refuse('Properties must be an object.');
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
