import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { StreamingPipeline, type StreamingPipelineProps } from '../../cdk/index.ts';

export const PROJECT = join(import.meta.dirname, '..', '..');

/** The settings that cdk.json gives to every synthesis. */
export const CONTEXT: Readonly<Record<string, unknown>> = JSON.parse(
  readFileSync(join(PROJECT, 'cdk.json'), 'utf8'),
).context;

/** A stack that belongs to no account, in an app with the feature flags of the project. */
export function aStack(): Stack {
  const app = new App({
    postCliContext: { ...CONTEXT },
    // Takes seconds; nag.test.ts validates the templates of the same pipelines.
    builtinCloudFormationValidation: false,
  });
  return new Stack(app, 'Rivulet');
}

/** Adds a pipeline of test/infrastructure/fixtures to `stack`. */
export function addPipeline(
  stack: Stack,
  fixture: string,
  props: Partial<StreamingPipelineProps> = {},
): StreamingPipeline {
  const entry = join(PROJECT, 'test', 'infrastructure', 'fixtures', `${fixture}.entry.ts`);
  return new StreamingPipeline(stack, fixture, { entry, ...props });
}

/** The template of one pipeline: `call-records` has a sink of every kind, `archive` files only. */
export function aTemplate(
  props: Partial<StreamingPipelineProps> = {},
  fixture = 'call-records',
): Template {
  const stack = aStack();
  addPipeline(stack, fixture, props);
  return Template.fromStack(stack);
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: readonly string[];
}

/** All resources of a type, by logical id. */
export function resourcesOf(template: Template, type: string): Readonly<Record<string, Resource>> {
  return template.findResources(type) as Readonly<Record<string, Resource>>;
}

/** The one resource of a type whose logical id matches. */
export function theResource(template: Template, type: string, id = /./): Resource {
  const found = Object.entries(resourcesOf(template, type)).filter(([name]) => id.test(name));
  if (found.length !== 1) throw new Error(`${found.length} resources ${type} match ${id}`);
  return found[0]![1];
}
