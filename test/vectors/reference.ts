// A naive evaluation of structured plans, batch by batch, over plain lists: what the form says, in the
// simplest words. The vectors hold for it, too, so that random plans can be held against it.

import { type Evaluate, expression, type Row } from './expressions.ts';
import { type NodeForm, rowOf, type SourceForm, type StructuredForm } from './forms.ts';
import { aggregateOf } from './reference-aggregate.ts';
import { joinOf } from './reference-join.ts';
import { behind, type Operator, type Rows, type Times } from './reference-operator.ts';
import { unknown, type Value } from './vector.ts';

interface Clock {
  readonly delay: number;
  seen: number | null;
}

export interface ReferenceStep {
  readonly rows: readonly Value[];
  readonly watermark: number;
  readonly dropped: number;
  readonly state: readonly (number | null)[];
}

export class Reference {
  private readonly form: StructuredForm;
  private readonly times: Times = { late: 0, now: 0, dropped: 0 };
  private readonly clocks: Clock[] = [];
  private readonly uses = new Map<string, number>();
  private readonly output: readonly Evaluate[];
  private readonly root: Operator;
  private input: Readonly<Record<string, Rows>> = {};

  constructor(form: StructuredForm) {
    this.form = form;
    this.output = form.output.map(expression);
    this.root = this.operator(form.root);
  }

  step(input: Readonly<Record<string, readonly (readonly Value[])[]>>): ReferenceStep {
    const { form, times } = this;
    this.input = Object.fromEntries(
      Object.entries(input).map(([name, rows]) => [
        name,
        rows.map((row) => rowOf(form.sources[name]!.columns, row)),
      ]),
    );
    times.dropped = 0;
    const fromData = this.root.data();
    const before = times.now;
    const moved = this.advance();
    const reached = times.now;
    // Without batches without data this batch closes what the one before has reached.
    if (form.noDataBatches === false) times.now = before;
    const fromClosing = this.root.close();
    times.late = times.now;
    times.now = reached;
    const repeats = moved && form.noDataBatches !== false;
    const repeated = repeats && fromClosing.length === 0 && this.isGlobalUpdate() ? fromData : [];
    const isTable = form.mode === 'complete' && fromClosing.length > 0;
    const rows = isTable ? fromClosing : [...fromData, ...fromClosing, ...repeated];
    return {
      rows: rows.map((row) => this.output.map((evaluate) => evaluate(row))),
      watermark: times.now,
      dropped: times.dropped,
      state: this.root.state(),
    };
  }

  private isGlobalUpdate(): boolean {
    let node = this.form.root;
    while (node.op !== 'agg' && node.in !== undefined) node = node.in;
    return this.form.mode === 'update' && node['emitEmptyGlobal'] === true;
  }

  private advance(): boolean {
    const { clocks, form, times } = this;
    if (clocks.length === 0) return false;
    const reached = clocks.map(({ seen, delay }) =>
      seen === null ? 0 : Math.floor((seen - delay) * 1_000) / 1_000,
    );
    const policy = form.watermarkPolicy === 'max' ? Math.max : Math.min;
    const before = times.now;
    times.now = Math.max(before, policy(...reached));
    return times.now > before;
  }

  private operator(node: NodeForm): Operator {
    if (node.src !== undefined) return this.source(node.src);
    switch (node.op) {
      case 'select': {
        const cols = Object.entries(node['cols'] as Record<string, string>).map(
          ([name, text]) => [name, expression(text)] as const,
        );
        return this.each(node, (row) => [
          Object.fromEntries(cols.map(([name, evaluate]) => [name, evaluate(row)])),
        ]);
      }
      case 'filter': {
        const keep = expression(node['expr'] as string);
        return this.each(node, (row) => (keep(row) === true ? [row] : []));
      }
      case 'explode': {
        const evaluate = expression(node['expr'] as string);
        return this.each(node, (row) =>
          ((evaluate(row) ?? []) as Value[]).map((value) => ({
            ...row,
            [node['as'] as string]: value,
          })),
        );
      }
      case 'staticJoin':
        return this.staticJoin(node);
      case 'union': {
        const inputs = node.inputs!.map((input) => this.operator(input));
        return {
          data: () => inputs.flatMap((input) => input.data()),
          close: () => inputs.flatMap((input) => input.close()),
          state: () => inputs.flatMap((input) => input.state()),
          lag: Math.max(...inputs.map(({ lag }) => lag)),
        };
      }
      case 'limit':
        return this.limit(node);
      case 'dedup':
      case 'dedupWithin':
        return this.deduplicate(node);
      case 'agg': {
        const input = this.operator(node.in!);
        const mode = this.isTop(node) ? this.form.mode : 'append';
        return aggregateOf(node, { input, times: this.times, mode });
      }
      case 'join': {
        const [left, right] = [this.operator(node.left!), this.operator(node.right!)];
        return joinOf(node, { left, right, times: this.times });
      }
      default:
        return unknown('an operator', node);
    }
  }

  private source(name: string): Operator {
    const source = this.form.sources[name]!;
    const use = this.uses.get(name) ?? 0;
    this.uses.set(name, use + 1);
    const declared = declaredWatermark(source, use);
    const keep = declared?.filter === undefined ? null : expression(declared.filter);
    const clock: Clock = { delay: declared?.delay ?? 0, seen: null };
    if (declared !== null) this.clocks.push(clock);
    return {
      data: () => {
        const rows = (this.input[name] ?? []).filter((row) => keep === null || keep(row) === true);
        for (const row of declared === null ? [] : rows) {
          const time = row[declared!.eventTime] as number;
          clock.seen = Math.max(clock.seen ?? time, time);
        }
        return rows;
      },
      close: () => [],
      state: () => [],
      lag: 0,
    };
  }

  private each(node: NodeForm, apply: (row: Row) => Rows): Operator {
    const input = this.operator(node.in!);
    return {
      data: () => input.data().flatMap(apply),
      close: () => input.close().flatMap(apply),
      state: () => input.state(),
      lag: input.lag,
    };
  }

  private staticJoin(node: NodeForm): Operator {
    const { columns, rows } = node['table'] as { columns: string[]; rows: Value[][] };
    const [mine, theirs] = node['on'] as [string, string];
    const table = rows.map((row) => rowOf(columns, row));
    return this.each(node, (row) =>
      table
        .filter((other) => row[mine] !== null && row[mine] === other[theirs])
        .map((other) => ({ ...row, ...other })),
    );
  }

  private limit(node: NodeForm): Operator {
    const input = this.operator(node.in!);
    let left = node['n'] as number;
    const take = (rows: Rows) => {
      const taken = rows.slice(0, left);
      left -= taken.length;
      return taken;
    };
    return {
      data: () => take(input.data()),
      close: () => take(input.close()),
      state: () => [null, ...input.state()],
      lag: input.lag,
    };
  }

  private deduplicate(node: NodeForm): Operator {
    const input = this.operator(node.in!);
    const { lag } = input;
    const keys = node['keys'] as string[];
    const timeText = (node['time'] ?? node['lateTime']) as string | undefined;
    const timeOf = timeText === undefined ? null : expression(timeText);
    const evicts = node.op === 'dedupWithin' || node['time'] !== undefined;
    const keptFor = node.op === 'dedupWithin' ? (node['delay'] as number) : 0;
    const kept = new Map<string, number>();
    const take = (rows: Rows) =>
      rows.filter((row) => {
        const time = timeOf === null ? Number.POSITIVE_INFINITY : (timeOf(row) as number);
        if (time <= behind(this.times.late, lag)) {
          this.times.dropped += 1;
          return false;
        }
        const key = JSON.stringify(keys.map((name) => row[name]));
        if (kept.has(key)) return false;
        kept.set(key, evicts ? time + keptFor : Number.POSITIVE_INFINITY);
        return true;
      });
    return {
      data: () => take(input.data()),
      close: () => {
        const out = take(input.close());
        for (const [key, until] of kept) if (until <= behind(this.times.now, lag)) kept.delete(key);
        return out;
      },
      state: () => [kept.size, ...input.state()],
      lag,
    };
  }

  /** Whether nothing but operators without state stands behind it. */
  private isTop(node: NodeForm): boolean {
    let each = this.form.root;
    while (each !== node) {
      if (!['select', 'filter', 'explode', 'staticJoin'].includes(each.op ?? '')) return false;
      each = each.in!;
    }
    return true;
  }
}

function declaredWatermark(source: SourceForm, use: number) {
  const extra = use > 0 ? source.extraWatermarks?.[use - 1] : undefined;
  if (extra !== undefined) return extra;
  const { eventTime, delay = 0, watermarkFilter: filter } = source;
  if (eventTime === undefined) return null;
  return { eventTime, delay, filter: use > 0 ? undefined : filter };
}
