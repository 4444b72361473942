import { physicalNameOf } from '../physical-name.ts';
import { listOf, objectOf, pick, type ResourceType } from './resource-type.ts';

export const rule: ResourceType = {
  put({ logicalId, stackName, properties, previous }, { call }) {
    const Name = String(
      properties['Name'] ??
        physicalNameOf({ stackName, logicalId, lengthMax: 64, lowerCase: false }),
    );
    const { RuleArn } = call('events', 'PutRule', {
      Name,
      ...pick(properties, ['Description', 'EventPattern', 'ScheduleExpression', 'State']),
    });
    const targets = listOf(properties['Targets']).map(objectOf);
    const wanted = new Set(targets.map(({ Id }) => Id));
    const stale = listOf(previous?.properties['Targets'])
      .map((target) => objectOf(target)['Id'])
      .filter((id) => !wanted.has(id));
    if (stale.length > 0) call('events', 'RemoveTargets', { Rule: Name, Ids: stale });
    if (targets.length > 0) call('events', 'PutTargets', { Rule: Name, Targets: targets });
    return { physicalId: Name, attributes: { Arn: String(RuleArn) } };
  },
  remove({ physicalId, properties }, { call }) {
    const Ids = listOf(properties['Targets']).map((target) => objectOf(target)['Id']);
    if (Ids.length > 0) call('events', 'RemoveTargets', { Rule: physicalId, Ids });
    call('events', 'DeleteRule', { Name: physicalId });
  },
};
