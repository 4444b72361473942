import { createSeeded, type Seeded } from '../seeded.ts';
import { ServiceError, type ServiceModel } from '../service.ts';
import {
  nextFiringMs,
  OPERATIONS,
  type Rule,
  type RuleBook,
  ruleArnOf,
  type Target,
} from './rules.ts';

export interface EventsOptions {
  /** @default 'us-east-1' */
  readonly region?: string;
  /** @default '000000000000' */
  readonly accountId?: string;
  /** Names the events. @default 1 */
  readonly seed?: number;
}

/** One target of a rule whose time has come. */
interface Firing {
  readonly ruleName: string;
  readonly targetArn: string;
  /** The event, or the target's constant input, as JSON text. */
  readonly payload: string;
}

interface EventsState {
  readonly seeded: number;
  readonly rules: readonly Rule[];
}

/** The model of EventBridge rules with a schedule. Rules with an event pattern are refused. */
export interface Events extends ServiceModel {
  /** Firings whose time has come. Times that were missed together count as one, the first. */
  due(nowMs: number): readonly Firing[];
  /** When the next rule fires; `null` when none will. */
  nextDueMs(): number | null;
  dump(): EventsState;
  load(state: EventsState): void;
}

/** A default event bus without rules. */
export function createEvents(options: EventsOptions = {}): Events {
  let seeded = createSeeded(options.seed ?? 1);
  const book: RuleBook = {
    region: options.region ?? 'us-east-1',
    accountId: options.accountId ?? '000000000000',
    rules: new Map(),
  };
  return {
    call(operation, input, context) {
      const run = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
      if (run === undefined) {
        throw new ServiceError('UnknownOperationException', `Events has no ${operation} here.`);
      }
      return run(book, input, context);
    },
    due(nowMs) {
      const due = [...book.rules.values()].filter(
        ({ enabled, nextMs }) => enabled && nextMs !== null && nextMs <= nowMs,
      );
      for (const rule of due) {
        book.rules.set(rule.name, { ...rule, nextMs: nextFiringMs(rule, nowMs) });
      }
      return due.flatMap((rule) =>
        rule.targets.map((target) => firingOf(book, { rule, target, seeded })),
      );
    },
    nextDueMs() {
      const times = [...book.rules.values()].flatMap(({ enabled, nextMs }) =>
        enabled && nextMs !== null ? [nextMs] : [],
      );
      return times.length === 0 ? null : Math.min(...times);
    },
    dump: () => ({ seeded: seeded.state, rules: [...book.rules.values()] }),
    load(state) {
      seeded = createSeeded(state.seeded);
      book.rules.clear();
      for (const rule of state.rules) book.rules.set(rule.name, rule);
    },
  };
}

function firingOf(
  book: RuleBook,
  due: { readonly rule: Rule; readonly target: Target; readonly seeded: Seeded },
): Firing {
  const { rule, target, seeded } = due;
  const event = {
    version: '0',
    id: seeded.uuid(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: book.accountId,
    time: new Date(rule.nextMs!).toISOString().replace(/\.\d+Z$/, 'Z'),
    region: book.region,
    resources: [ruleArnOf(book, rule.name)],
    detail: {},
  };
  const payload = target.Input ?? JSON.stringify(event);
  return { ruleName: rule.name, targetArn: target.Arn, payload };
}
