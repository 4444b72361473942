import { holds, KNOWN_AFTER_APPLY, type Scope } from './intrinsics.ts';
import { parameterNotFound, referenceTo } from './parameters.ts';
import { validationError } from './refusals.ts';
import type { DeployedResource } from './resources/resource-type.ts';
import type { Blueprint } from './stack.ts';
import type { Json, Template } from './template.ts';

/** The account that a stack is in. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

export interface ScopeOptions {
  readonly stackId: string;
  readonly stackName: string;
  readonly template: Template;
  readonly blueprint: Pick<Blueprint, 'parameters' | 'notificationArns'>;
  /** What there is by now, by logical id. */
  readonly resources: { get(logicalId: string): DeployedResource | undefined };
  /** Resources of which only the deployment itself can tell what they will be. */
  readonly unknown?: ReadonlySet<string>;
  readonly place: Place;
  readonly exports: (name: string) => string | undefined;
  readonly outputOf: (stackName: string, output: string) => string | undefined;
  readonly parameterOf: (name: string) => string | undefined;
}

/** What references mean while `resources` fills up. */
export function createScope(options: ScopeOptions): Scope {
  const { stackId, stackName, template, blueprint, resources, unknown, place } = options;
  const pseudo: Readonly<Record<string, Json>> = {
    'AWS::AccountId': place.accountId,
    'AWS::NotificationARNs': blueprint.notificationArns,
    'AWS::Partition': 'aws',
    'AWS::Region': place.region,
    'AWS::StackId': stackId,
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  /** Conditions that others ask for at the moment. */
  const deciding: string[] = [];
  const scope: Scope = {
    ref(name) {
      const parameter = template.Parameters?.[name];
      const given = blueprint.parameters[name];
      if (parameter !== undefined && given !== undefined) return referenceTo(parameter, given);
      if (unknown?.has(name)) return KNOWN_AFTER_APPLY;
      const value = pseudo[name] ?? resources.get(name)?.physicalId;
      if (value !== undefined) return value;
      throw validationError(
        `Template format error: Unresolved resource dependencies [${name}] in the Resources block of the template`,
      );
    },
    attribute(logicalId, name) {
      if (unknown?.has(logicalId)) return KNOWN_AFTER_APPLY;
      const value = resources.get(logicalId)?.attributes[name];
      if (value !== undefined) return value;
      throw validationError(
        `Template error: ${logicalId}.${name} is asked for, which the embedded cloud does not have`,
      );
    },
    condition(name) {
      const condition = template.Conditions?.[name];
      if (condition === undefined) {
        throw validationError(
          `Template format error: Unresolved condition dependency ${name} in the template`,
        );
      }
      if (deciding.includes(name)) {
        throw validationError(
          `Template format error: Circular dependency between conditions: ${[...deciding, name].join(' → ')}`,
        );
      }
      deciding.push(name);
      try {
        return holds(condition, scope);
      } finally {
        deciding.pop();
      }
    },
    mapping: (map, first, second) => template.Mappings?.[map]?.[first]?.[second],
    imported(name) {
      const value = options.exports(name);
      if (value !== undefined) return value;
      throw validationError(`No export named ${name} found.`);
    },
    outputOf(otherStack, output) {
      const value = options.outputOf(otherStack, output);
      if (value !== undefined) return value;
      throw validationError(`Stack ${otherStack} has no output ${output}.`);
    },
    parameter(name) {
      const value = options.parameterOf(name);
      if (value !== undefined) return value;
      throw parameterNotFound(name);
    },
  };
  return scope;
}
