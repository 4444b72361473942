// A naive evaluation of structured plans, batch by batch, over plain lists: what the form says, in the
// simplest words. The vectors hold for it, too, so that random plans can be held against it.

import { type Evaluate, expression, type Row } from './expressions.ts';
import { type NodeForm, rowOf, type SourceForm, type StructuredForm } from './plan-structured.ts';
import { unknown, type Value } from './vector.ts';

type Rows = Row[];

/** An operator: what it gives out for the rows of a batch, and when the watermark has moved on. */
interface Operator {
  data(): Rows;
  close(): Rows;
  /** Rows of state, root first; `null` where nobody counts. */
  state(): (number | null)[];
  /** How far rows behind it lag, in seconds. */
  readonly lag: number;
}

interface Clock {
  readonly delay: number;
  seen: number | null;
}

/** What a batch goes by, in seconds. */
interface Times {
  late: number;
  now: number;
}

export interface ReferenceStep {
  readonly rows: readonly Value[];
  readonly watermark: number;
  readonly state: readonly (number | null)[];
}

export class Reference {
  private readonly form: StructuredForm;
  private readonly times: Times = { late: 0, now: 0 };
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
      case 'agg':
        return this.aggregate(node);
      case 'join':
        return this.join(node);
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
        if (time <= this.times.late - lag) return false;
        const key = JSON.stringify(keys.map((name) => row[name]));
        if (kept.has(key)) return false;
        kept.set(key, evicts ? time + keptFor : Number.POSITIVE_INFINITY);
        return true;
      });
    return {
      data: () => take(input.data()),
      close: () => {
        const out = take(input.close());
        for (const [key, until] of kept) if (until <= this.times.now - lag) kept.delete(key);
        return out;
      },
      state: () => [kept.size, ...input.state()],
      lag,
    };
  }

  private aggregate(node: NodeForm): Operator {
    const { times, form } = this;
    const input = this.operator(node.in!);
    const { lag } = input;
    const window = node['window'] as Readonly<Record<string, Value>>;
    const isTop = this.isTop(node);
    const mode = isTop ? form.mode : 'append';
    const isSession = window['kind'] === 'session';
    const keys = Object.entries(node['keys'] as Record<string, string>).map(
      ([name, text]) => [name, expression(text)] as const,
    );
    const aggs = Object.entries(node['aggs'] as Record<string, [string, string?]>).map(
      ([name, [kind, text]]) =>
        [name, kind, text === undefined ? null : expression(text)] as const,
    );
    const timeOf = window['kind'] === 'none' ? null : expression(node['time'] as string);
    let groups: Group[] = [];
    const isGlobal = node['emitEmptyGlobal'] === true;
    if (isGlobal) groups.push({ key: [], start: 0, end: Number.NaN, rows: [], changed: true });
    const take = (rows: Rows) => {
      for (const row of rows) {
        const key = keys.map(([, evaluate]) => evaluate(row));
        for (const [start, end] of windowsOf(window, timeOf, row)) {
          const ignoresLate = mode === 'complete' && !isSession;
          if (!ignoresLate && end <= times.late - lag) continue;
          groups = added(groups, { key, start, end, row }, isSession);
        }
      }
    };
    const resultOf = ({ key, start, end, rows }: Group): Row => ({
      ...Object.fromEntries(keys.map(([name], index) => [name, key[index]])),
      ...(timeOf === null ? {} : { w_start: start, w_end: end }),
      ...Object.fromEntries(
        aggs.map(([name, kind, evaluate]) => [name, aggregated(kind, rows, evaluate)]),
      ),
    });
    return {
      data: () => {
        for (const group of groups) group.changed = isGlobal;
        take(input.data());
        if (mode === 'complete') return groups.map(resultOf);
        return mode === 'update' ? groups.filter(({ changed }) => changed).map(resultOf) : [];
      },
      close: () => {
        for (const group of groups) group.changed = false;
        take(input.close());
        if (mode === 'complete') return [];
        const changed = groups.filter((group) => group.changed).map(resultOf);
        const closed = groups.filter(({ end }) => end <= times.now - lag);
        groups = groups.filter(({ end }) => !(end <= times.now - lag));
        return mode === 'append' ? closed.map(resultOf) : changed;
      },
      state: () => [groups.length, ...input.state()],
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

  private join(node: NodeForm): Operator {
    const { times } = this;
    const [left, right] = [this.operator(node.left!), this.operator(node.right!)];
    const form = node as unknown as JoinForm;
    const under = Math.max(left.lag, right.lag);
    const sides = {
      left: sideOf(form, 'left'),
      right: sideOf(form, 'right'),
    };
    const columns = { left: new Set<string>(), right: new Set<string>() };
    const cond = form.cond === undefined ? null : expression(form.cond);
    const meet = (mine: Stored, other: Stored, isLeft: boolean) => {
      const [one, two] = isLeft ? [mine, other] : [other, mine];
      const fits = one.key.every(
        (value, index) =>
          value === two.key[index] && (value !== null || form.nullSafe === true),
      );
      return (
        fits &&
        (form.window === undefined || one.start === two.start) &&
        (cond === null || cond({ ...one.row, ...two.row }) === true)
      );
    };
    const pair = (one: Row | null, two: Row | null, stored: Stored): Row => ({
      ...blank(columns.left),
      ...blank(columns.right),
      ...one,
      ...two,
      ...(form.window === undefined ? {} : { w_start: stored.start, w_end: stored.end }),
    });
    const take = (rows: Rows, name: 'left' | 'right') => {
      const isLeft = name === 'left';
      const [mine, other] = isLeft ? [sides.left, sides.right] : [sides.right, sides.left];
      const out: Rows = [];
      for (const row of rows) {
        for (const column of Object.keys(row)) columns[name].add(column);
        const fails = mine.pre !== null && mine.pre(row) !== true;
        const key = mine.keys.map((column) => row[column] ?? null);
        const meets = form.nullSafe === true || !key.includes(null);
        if (!mine.kept && (fails || !meets)) continue;
        for (const [start, end] of joinWindows(form, mine, row)) {
          const time = form.window === undefined ? (mine.timeOf?.(row) as number) : end;
          if (mine.hasWatermark && time <= times.late - under) continue;
          const stored: Stored = { row, key, start, end, met: false };
          const partners = fails ? [] : other.rows.filter((each) => meet(stored, each, isLeft));
          if (form.type === 'semi') {
            if (isLeft && partners.length > 0) out.push(pair(row, null, stored));
            if (!isLeft) {
              for (const partner of partners) {
                if (!partner.met) out.push(pair(partner.row, null, partner));
                partner.met = true;
              }
            }
            if (!isLeft || partners.length === 0) mine.rows.push(stored);
            continue;
          }
          for (const partner of partners) {
            partner.met = true;
            stored.met = true;
            out.push(isLeft ? pair(row, partner.row, stored) : pair(partner.row, row, stored));
          }
          if (fails) out.push(isLeft ? pair(row, null, stored) : pair(null, row, stored));
          else mine.rows.push(stored);
        }
      }
      return out;
    };
    const evict = (name: 'left' | 'right') => {
      const side = sides[name];
      const gone = side.rows.filter((stored) => side.isGone(stored, times.now - under));
      side.rows = side.rows.filter((stored) => !gone.includes(stored));
      if (!side.kept) return [];
      return gone
        .filter(({ met }) => !met)
        .map((stored) =>
          name === 'left' ? pair(stored.row, null, stored) : pair(null, stored.row, stored),
        );
    };
    return {
      data: () => [...take(left.data(), 'left'), ...take(right.data(), 'right')],
      close: () => [
        ...take(left.close(), 'left'),
        ...take(right.close(), 'right'),
        ...evict('left'),
        ...evict('right'),
      ],
      state: () => [
        sides.left.rows.length + sides.right.rows.length,
        ...left.state(),
        ...right.state(),
      ],
      lag: under + (form.outputDelay ?? 0),
    };
  }
}

interface Group {
  readonly key: readonly Value[];
  readonly start: number;
  readonly end: number;
  readonly rows: Rows;
  changed: boolean;
}

interface JoinForm {
  readonly type: string;
  readonly on: readonly (readonly [string, string])[];
  readonly cond?: string;
  readonly nullSafe?: boolean;
  readonly window?: number;
  readonly outputDelay?: number;
  readonly stateBound?: { readonly left: string; readonly right: string };
  readonly lt?: string;
  readonly rt?: string;
  readonly lwm?: boolean;
  readonly rwm?: boolean;
  readonly lpre?: string;
  readonly rpre?: string;
}

interface Stored {
  readonly row: Row;
  readonly key: readonly Value[];
  readonly start: number;
  readonly end: number;
  met: boolean;
}

interface Side {
  readonly keys: readonly string[];
  readonly kept: boolean;
  readonly pre: Evaluate | null;
  readonly timeOf: Evaluate | null;
  readonly hasWatermark: boolean;
  readonly isGone: (stored: Stored, wm: number) => boolean;
  rows: Stored[];
}

function sideOf(form: JoinForm, name: 'left' | 'right'): Side {
  const isLeft = name === 'left';
  const pre = isLeft ? form.lpre : form.rpre;
  const time = isLeft ? form.lt : form.rt;
  const bound = form.stateBound?.[name] ?? 'false';
  const gone = expression(bound);
  return {
    keys: form.on.map(([left, right]) => (isLeft ? left : right)),
    kept: form.type === 'full' || form.type === name,
    pre: pre === undefined ? null : expression(pre),
    timeOf: time === undefined ? null : expression(time),
    hasWatermark: (isLeft ? form.lwm : form.rwm) === true,
    isGone: ({ row, end }, wm) => gone({ ...row, w_end: end, wm }) === true,
    rows: [],
  };
}

const blank = (columns: ReadonlySet<string>): Row =>
  Object.fromEntries([...columns].map((column) => [column, null]));

function joinWindows(form: JoinForm, { timeOf }: Side, row: Row): (readonly [number, number])[] {
  if (form.window === undefined) return [[0, 0]];
  const start = Math.floor((timeOf!(row) as number) / form.window) * form.window;
  return [[start, start + form.window]];
}

function windowsOf(
  window: Readonly<Record<string, Value>>,
  timeOf: Evaluate | null,
  row: Row,
): (readonly [number, number])[] {
  if (timeOf === null) return [[0, Number.NaN]];
  const time = timeOf(row) as number | null;
  if (time === null) return [];
  const [size, slide] = [window['size'] as number, (window['slide'] ?? window['size']) as number];
  switch (window['kind']) {
    case 'rawTime':
      return [[time, time]];
    case 'session': {
      const gap = Number(expression(String(window['gap']))(row));
      return gap > 0 ? [[time, time + gap]] : [];
    }
    default: {
      const windows: [number, number][] = [];
      for (let start = Math.floor(time / slide) * slide; start > time - size; start -= slide) {
        windows.push([start, start + size]);
      }
      return windows;
    }
  }
}

function added(
  groups: Group[],
  { key, start, end, row }: Omit<Group, 'rows' | 'changed'> & { readonly row: Row },
  isSession: boolean,
): Group[] {
  const sameKey = (group: Group) => JSON.stringify(group.key) === JSON.stringify(key);
  const touches = (group: Group) =>
    isSession ? start <= group.end && group.start <= end : group.start === start;
  const mine = groups.filter((group) => sameKey(group) && touches(group));
  const merged: Group = {
    key,
    start: Math.min(start, ...mine.map((group) => group.start)),
    end: Number.isNaN(end) ? end : Math.max(end, ...mine.map((group) => group.end)),
    rows: [...mine.flatMap(({ rows }) => rows), row],
    changed: true,
  };
  return [...groups.filter((group) => !mine.includes(group)), merged];
}

function aggregated(kind: string, rows: Rows, evaluate: Evaluate | null): Value {
  if (evaluate === null) return rows.length;
  const values = rows.map(evaluate).filter((value) => value !== null) as number[];
  const sum = values.reduce((total, value) => total + value, 0);
  const mean = sum / values.length;
  const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  if (kind === 'count') return values.length;
  if (values.length === 0) return null;
  switch (kind) {
    case 'sum':
      return sum;
    case 'min':
      return Math.min(...values);
    case 'max':
      return Math.max(...values);
    case 'mean':
      return mean;
    case 'variance':
      return values.length < 2 ? null : squares / (values.length - 1);
    case 'stddev':
      return values.length < 2 ? null : Math.sqrt(squares / (values.length - 1));
    case 'median': {
      const sorted = values.toSorted((one, other) => one - other);
      const middle = (sorted.length - 1) / 2;
      return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
    }
    default:
      return unknown('an aggregate', kind);
  }
}

function declaredWatermark(source: SourceForm, use: number) {
  const extra = use > 0 ? source.extraWatermarks?.[use - 1] : undefined;
  if (extra !== undefined) return extra;
  const { eventTime, delay = 0, watermarkFilter: filter } = source;
  return eventTime === undefined ? null : { eventTime, delay, filter };
}
