import { createSeeded } from '../seeded.ts';
import { type CallContext, ServiceError, type ServiceModel } from '../service.ts';
import { nextScheduledMs, parseSchedule, type Schedule } from './schedule-expression.ts';

export interface EventsOptions {
  /** @default 'us-east-1' */
  readonly region?: string;
  /** @default '000000000000' */
  readonly accountId?: string;
  /** Names the events. @default 1 */
  readonly seed?: number;
}

/** One target of a rule whose time has come. */
export interface Firing {
  readonly ruleName: string;
  readonly targetArn: string;
  /** The event, or the target's constant input, as JSON text. */
  readonly payload: string;
}

/** The model of EventBridge rules with a schedule. Rules with an event pattern are refused. */
export interface Events extends ServiceModel {
  /** Firings whose time has come. Times that were missed together count as one, the latest. */
  due(nowMs: number): readonly Firing[];
  /** When the next rule fires; `null` when none will. */
  nextDueMs(): number | null;
  dump(): EventsState;
  load(state: EventsState): void;
}

export interface EventsState {
  readonly seeded: number;
  readonly rules: readonly RuleState[];
}

interface RuleState {
  readonly name: string;
  readonly expression: string;
  readonly description: string;
  readonly enabled: boolean;
  /** Rates are counted from here: the rule's creation, or the last change of its schedule. */
  readonly createdMs: number;
  readonly nextMs: number | null;
  readonly targets: readonly Target[];
}

interface Target {
  readonly Id: string;
  readonly Arn: string;
  readonly Input?: string;
}

interface RuleInput {
  readonly Name?: string;
  readonly Rule?: string;
  readonly ScheduleExpression?: string;
  readonly State?: string;
  readonly Description?: string;
  readonly Targets?: readonly Target[];
  readonly Ids?: readonly string[];
}

export function createEvents(options: EventsOptions = {}): Events {
  const region = options.region ?? 'us-east-1';
  const accountId = options.accountId ?? '000000000000';
  let seeded = createSeeded(options.seed ?? 1);
  let rules = new Map<string, RuleState>();
  const arnOf = (name: string) => `arn:aws:events:${region}:${accountId}:rule/${name}`;
  const find = (name: string | undefined) => {
    const rule = rules.get(name ?? '');
    if (rule !== undefined) return rule;
    throw new ServiceError(
      'ResourceNotFoundException',
      `Rule ${name} does not exist on EventBus default.`,
    );
  };
  const present = (rule: RuleState) => ({
    Name: rule.name,
    Arn: arnOf(rule.name),
    ScheduleExpression: rule.expression,
    State: rule.enabled ? 'ENABLED' : 'DISABLED',
    Description: rule.description,
    EventBusName: 'default',
  });
  const setEnabled = (name: string | undefined, enabled: boolean, nowMs: number) => {
    const rule = find(name);
    rules.set(rule.name, { ...rule, enabled, nextMs: nextOf(rule, nowMs) });
    return {};
  };
  const operations: Readonly<Record<string, (input: RuleInput, context: CallContext) => object>> = {
    PutRule(input, { nowMs }) {
      const name = nameOf(input);
      const expression = scheduleOf(input);
      const old = rules.get(name);
      const kept = old?.expression === expression ? old : undefined;
      const createdMs = kept?.createdMs ?? nowMs;
      const rule = {
        name,
        expression,
        description: input.Description ?? '',
        enabled: input.State !== 'DISABLED',
        createdMs,
        nextMs: kept?.nextMs ?? nextOf({ expression, createdMs }, nowMs),
        targets: old?.targets ?? [],
      };
      rules.set(name, rule);
      return { RuleArn: arnOf(name) };
    },
    DescribeRule: (input) => present(find(input.Name)),
    ListRules: () => ({ Rules: [...rules.values()].map(present) }),
    DeleteRule(input) {
      const rule = rules.get(input.Name ?? '');
      if (rule !== undefined && rule.targets.length > 0) {
        throw new ServiceError(
          'ValidationException',
          "Rule can't be deleted since it has targets.",
        );
      }
      rules.delete(input.Name ?? '');
      return {};
    },
    EnableRule: (input, { nowMs }) => setEnabled(input.Name, true, nowMs),
    DisableRule: (input, { nowMs }) => setEnabled(input.Name, false, nowMs),
    PutTargets(input) {
      const rule = find(input.Rule);
      const added = input.Targets ?? [];
      const kept = rule.targets.filter((target) => !added.some(({ Id }) => Id === target.Id));
      rules.set(rule.name, { ...rule, targets: [...kept, ...added] });
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
    RemoveTargets(input) {
      const rule = find(input.Rule);
      const targets = rule.targets.filter((target) => !input.Ids?.includes(target.Id));
      rules.set(rule.name, { ...rule, targets });
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
    ListTargetsByRule: (input) => ({ Targets: [...find(input.Rule).targets] }),
  };
  return {
    call(operation, input, context) {
      const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
      if (run === undefined) {
        throw new ServiceError('UnknownOperationException', `Events has no ${operation} here.`);
      }
      return run(input, context);
    },
    due(nowMs) {
      const firings: Firing[] = [];
      for (const rule of rules.values()) {
        if (!rule.enabled || rule.nextMs === null || rule.nextMs > nowMs) continue;
        rules.set(rule.name, { ...rule, nextMs: nextOf(rule, nowMs) });
        for (const target of rule.targets) {
          const event = {
            version: '0',
            id: seeded.uuid(),
            'detail-type': 'Scheduled Event',
            source: 'aws.events',
            account: accountId,
            time: new Date(rule.nextMs).toISOString().replace(/\.\d+Z$/, 'Z'),
            region,
            resources: [arnOf(rule.name)],
            detail: {},
          };
          const payload = target.Input ?? JSON.stringify(event);
          firings.push({ ruleName: rule.name, targetArn: target.Arn, payload });
        }
      }
      return firings;
    },
    nextDueMs() {
      const times = [...rules.values()].flatMap(({ enabled, nextMs }) =>
        enabled && nextMs !== null ? [nextMs] : [],
      );
      return times.length === 0 ? null : Math.min(...times);
    },
    dump: () => ({ seeded: seeded.state, rules: [...rules.values()] }),
    load(state) {
      seeded = createSeeded(state.seeded);
      rules = new Map(state.rules.map((rule) => [rule.name, rule]));
    },
  };
}

function nameOf(input: RuleInput): string {
  if (/^[.\-_A-Za-z0-9]{1,64}$/.test(input.Name ?? '')) return input.Name!;
  throw new ServiceError('ValidationException', `'${input.Name}' is not a rule name.`);
}

function scheduleOf(input: RuleInput): string {
  const expression = input.ScheduleExpression ?? '';
  if (parseSchedule(expression) !== undefined) return expression;
  throw new ServiceError('ValidationException', 'Parameter ScheduleExpression is not valid.');
}

function nextOf(rule: Pick<RuleState, 'expression' | 'createdMs'>, afterMs: number): number | null {
  const schedule: Schedule = parseSchedule(rule.expression)!;
  return nextScheduledMs(schedule, { createdMs: rule.createdMs, afterMs });
}
