// The rules of the default event bus: operations on them, in the SDK's shapes.

import { type CallContext, ServiceError } from '../service.ts';
import { nextScheduledMs, parseSchedule } from './schedule-expression.ts';

export interface Rule {
  readonly name: string;
  readonly expression: string;
  readonly description: string;
  readonly enabled: boolean;
  /** Rates are counted from here: the rule's creation, or the last change of its schedule. */
  readonly createdMs: number;
  readonly nextMs: number | null;
  readonly targets: readonly Target[];
}

export interface Target {
  readonly Id: string;
  readonly Arn: string;
  readonly Input?: string;
}

export interface RuleBook {
  readonly region: string;
  readonly accountId: string;
  readonly rules: Map<string, Rule>;
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

type Operation = (book: RuleBook, input: RuleInput, context: CallContext) => object;

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  PutRule: putRule,
  DescribeRule: (book, input) => presentRule(book, find(book, input.Name)),
  ListRules: (book) => ({ Rules: [...book.rules.values()].map((rule) => presentRule(book, rule)) }),
  DeleteRule: deleteRule,
  EnableRule: (book, input, context) => setEnabled(book, { ...input, enabled: true }, context),
  DisableRule: (book, input, context) => setEnabled(book, { ...input, enabled: false }, context),
  PutTargets: putTargets,
  RemoveTargets: removeTargets,
  ListTargetsByRule: (book, input) => ({ Targets: [...find(book, input.Rule).targets] }),
};

export function ruleArnOf(book: RuleBook, name: string): string {
  return `arn:aws:events:${book.region}:${book.accountId}:rule/${name}`;
}

/** When a rule fires next after a time; `null`: never. */
export function nextFiringMs(
  rule: Pick<Rule, 'expression' | 'createdMs'>,
  afterMs: number,
): number | null {
  return nextScheduledMs(parseSchedule(rule.expression)!, { createdMs: rule.createdMs, afterMs });
}

function putRule(book: RuleBook, input: RuleInput, { nowMs }: CallContext): object {
  const name = nameIn(input);
  const expression = expressionIn(input);
  const old = book.rules.get(name);
  const kept = old?.expression === expression ? old : undefined;
  const createdMs = kept?.createdMs ?? nowMs;
  book.rules.set(name, {
    name,
    expression,
    description: input.Description ?? '',
    enabled: input.State !== 'DISABLED',
    createdMs,
    nextMs: kept?.nextMs ?? nextFiringMs({ expression, createdMs }, nowMs),
    targets: old?.targets ?? [],
  });
  return { RuleArn: ruleArnOf(book, name) };
}

function deleteRule(book: RuleBook, input: RuleInput): object {
  const name = input.Name ?? '';
  if ((book.rules.get(name)?.targets.length ?? 0) > 0) {
    throw new ServiceError('ValidationException', "Rule can't be deleted since it has targets.");
  }
  book.rules.delete(name);
  return {};
}

function setEnabled(
  book: RuleBook,
  input: RuleInput & { readonly enabled: boolean },
  { nowMs }: CallContext,
): object {
  const rule = find(book, input.Name);
  const nextMs = nextFiringMs(rule, nowMs);
  book.rules.set(rule.name, { ...rule, enabled: input.enabled, nextMs });
  return {};
}

function putTargets(book: RuleBook, input: RuleInput): object {
  const rule = find(book, input.Rule);
  const added = input.Targets ?? [];
  const kept = rule.targets.filter((target) => !added.some(({ Id }) => Id === target.Id));
  book.rules.set(rule.name, { ...rule, targets: [...kept, ...added] });
  return { FailedEntryCount: 0, FailedEntries: [] };
}

function removeTargets(book: RuleBook, input: RuleInput): object {
  const rule = find(book, input.Rule);
  const targets = rule.targets.filter((target) => !input.Ids?.includes(target.Id));
  book.rules.set(rule.name, { ...rule, targets });
  return { FailedEntryCount: 0, FailedEntries: [] };
}

function presentRule(book: RuleBook, rule: Rule): object {
  return {
    Name: rule.name,
    Arn: ruleArnOf(book, rule.name),
    ScheduleExpression: rule.expression,
    State: rule.enabled ? 'ENABLED' : 'DISABLED',
    Description: rule.description,
    EventBusName: 'default',
  };
}

function find(book: RuleBook, name: string | undefined): Rule {
  const rule = book.rules.get(name ?? '');
  if (rule !== undefined) return rule;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Rule ${name} does not exist on EventBus default.`,
  );
}

function nameIn(input: RuleInput): string {
  if (/^[.\-_A-Za-z0-9]{1,64}$/.test(input.Name ?? '')) return input.Name!;
  throw new ServiceError('ValidationException', `'${input.Name}' is not a rule name.`);
}

function expressionIn(input: RuleInput): string {
  const expression = input.ScheduleExpression ?? '';
  if (parseSchedule(expression) !== undefined) return expression;
  throw new ServiceError('ValidationException', 'Parameter ScheduleExpression is not valid.');
}
