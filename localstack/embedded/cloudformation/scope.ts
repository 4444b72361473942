import { Refused } from '../refused.ts';
import { holds, type Scope } from './intrinsics.ts';
import { uuidOf } from './physical-name.ts';
import type { DeployedResource } from './resources/resource-type.ts';
import type { Json, Template, TemplateParameter } from './template.ts';

/** What references mean while `resources` fills up. */
export function createScope(options: {
  readonly stackName: string;
  readonly template: Template;
  readonly resources: ReadonlyMap<string, DeployedResource>;
  readonly workshop: { readonly region: string; readonly accountId: string };
}): Scope {
  const { stackName, template, resources, workshop } = options;
  const { region, accountId } = workshop;
  const pseudo: Readonly<Record<string, Json>> = {
    'AWS::AccountId': accountId,
    'AWS::NotificationARNs': [],
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackId': stackIdOf({ stackName, region, accountId }),
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const scope: Scope = {
    ref(name) {
      const parameter = template.Parameters?.[name];
      if (parameter !== undefined) return parameterValue(name, parameter);
      const value = pseudo[name] ?? resources.get(name)?.physicalId;
      if (value !== undefined) return value;
      throw new Refused(`stack ${stackName} refers to ${name}, which it does not have`);
    },
    attribute(logicalId, name) {
      const value = resources.get(logicalId)?.attributes[name];
      if (value !== undefined) return value;
      throw new Refused(
        `stack ${stackName} asks for ${logicalId}.${name}, which the embedded cloud does not have`,
      );
    },
    condition(name) {
      const condition = template.Conditions?.[name];
      if (condition !== undefined) return holds(condition, scope);
      throw new Refused(`stack ${stackName} has no condition ${name}`);
    },
    mapping(map, first, second) {
      const value = template.Mappings?.[map]?.[first]?.[second];
      if (value !== undefined) return value;
      throw new Refused(`stack ${stackName} has no mapping ${map}.${first}.${second}`);
    },
  };
  return scope;
}

/** The ARN of a stack, the same for each deployment. */
export function stackIdOf(stack: {
  readonly stackName: string;
  readonly region: string;
  readonly accountId: string;
}): string {
  const { stackName, region, accountId } = stack;
  return `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/${uuidOf(stackName)}`;
}

function parameterValue(name: string, { Type, Default }: TemplateParameter): Json {
  if (Default === undefined) {
    throw new Refused(`the parameter ${name} has no default, and the embedded cloud passes none`);
  }
  if (Type === 'Number') return Number(Default);
  return Type.includes('List<') || Type === 'CommaDelimitedList'
    ? String(Default).split(',')
    : String(Default);
}
