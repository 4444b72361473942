// A template as CloudFormation reads it, checked just far enough that the rest may rely on its shape.

import { Refused } from '../refused.ts';

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
}

export interface TemplateParameter {
  readonly Type: string;
  readonly Default?: string | number;
}

export interface TemplateOutput {
  readonly Value: Json;
  readonly Condition?: string;
  readonly Description?: string;
}

export interface Template {
  readonly Description?: string;
  readonly Parameters?: Readonly<Record<string, TemplateParameter>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  readonly Conditions?: JsonObject;
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, TemplateOutput>>;
}

/** @throws Refused when the value is no template */
export function parseTemplate(text: string, path: string): Template {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused(`${path} is not JSON: synthesise the app again`);
  }
  const resources = (value as Partial<Template> | null)?.Resources;
  if (typeof resources !== 'object' || resources === null) {
    throw new Refused(`${path} is not a CloudFormation template: it has no Resources`);
  }
  for (const [logicalId, resource] of Object.entries(resources)) {
    if (typeof resource?.Type !== 'string') {
      throw new Refused(`${path}: the resource ${logicalId} has no Type`);
    }
  }
  return value as Template;
}
