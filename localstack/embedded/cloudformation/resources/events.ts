import { inventName } from '../physical-name.ts';
import type { JsonObject } from '../template.ts';
import {
  discard,
  listOf,
  objectOf,
  pick,
  type ResourceType,
  type Workshop,
} from './resource-type.ts';

export const rule: ResourceType = {
  nameProperty: 'Name',
  replacedBy: ['EventBusName'],
  create(wanted, { call }) {
    const name = wanted.properties['Name'];
    const invented = inventName({ ...wanted, lengthMax: 64, lowerCase: false });
    return putRule(String(name ?? invented), wanted.properties, call);
  },
  update: ({ physicalId }, { properties }, { call }) => putRule(physicalId, properties, call),
  configure({ physicalId: Rule }, { properties }, { call, before }) {
    const Targets = listOf(properties['Targets']).map(objectOf);
    const wanted = new Set(idsOf(properties));
    const stale = idsOf(before).filter((id) => !wanted.has(id));
    if (stale.length > 0) call('events', 'RemoveTargets', { Rule, Ids: stale });
    if (Targets.length > 0) call('events', 'PutTargets', { Rule, Targets });
  },
  remove({ physicalId, properties }, { call }) {
    const Ids = idsOf(properties);
    if (Ids.length > 0) {
      discard(() => call('events', 'RemoveTargets', { Rule: physicalId, Ids }));
    }
    discard(() => call('events', 'DeleteRule', { Name: physicalId }));
  },
};

function putRule(Name: string, properties: JsonObject, call: Workshop['call']) {
  const { RuleArn } = call('events', 'PutRule', {
    Name,
    ...pick(properties, ['Description', 'EventPattern', 'ScheduleExpression', 'State']),
  });
  return { physicalId: Name, attributes: { Arn: String(RuleArn) } };
}

function idsOf(properties: JsonObject) {
  return listOf(properties['Targets']).map((target) => objectOf(target)['Id']);
}
