// Turns the semantics of a structured vector into a pipeline. Each operator of the form becomes the
// operator of our API that means the same, whatever stands in front of it or behind.

import { aggregateOf, begin, collected, type Flow, files, seconds, table, windows } from './api.ts';
import { type Evaluate, expression, type Row } from './expressions.ts';
import { groupFunctionOf } from './functions.ts';
import { joinOf } from './plan-join.ts';
import { MAX_AHEAD, type Relation, TIME_FIELD, withoutTime, withTime } from './relation.ts';
import { onlyKnown, unknown, type Value } from './vector.ts';

export interface SourceForm {
  readonly columns: readonly string[];
  readonly eventTime?: string;
  readonly delay?: number;
  readonly watermarkFilter?: string;
  readonly extraWatermarks?: readonly WatermarkForm[];
}

interface WatermarkForm {
  readonly filter?: string;
  readonly eventTime: string;
  readonly delay: number;
}

/** A node of the tree of operators. */
export interface NodeForm {
  readonly op?: string;
  readonly src?: string;
  readonly in?: NodeForm;
  readonly inputs?: readonly NodeForm[];
  readonly left?: NodeForm;
  readonly right?: NodeForm;
  readonly [name: string]: unknown;
}

export interface StructuredForm {
  readonly mode: 'append' | 'update' | 'complete';
  readonly sources: Readonly<Record<string, SourceForm>>;
  readonly root: NodeForm;
  readonly output: readonly string[];
  readonly having?: string;
  readonly orderBy?: string;
  readonly noDataBatches?: boolean;
  readonly watermarkPolicy?: 'min' | 'max';
  readonly trigger?: string;
  readonly sink?: string;
  readonly batch?: boolean;
  readonly processingTime?: boolean;
}

/** How a plan is to be run. */
export interface PlanVariant {
  /** The column that the source is partitioned by, for a run over several shards; `null`: in one task. */
  readonly partitionedBy: string | null;
  /** Whether shards are tasks of their own although no column says which row goes where. */
  readonly anyShard: boolean;
  /** Added to all delays, in seconds: the watermark is held back so long. */
  readonly extraDelay: number;
}

export const IN_ONE_TASK: PlanVariant = { partitionedBy: null, anyShard: false, extraDelay: 0 };

export interface StructuredPlan {
  readonly pipeline: Flow;
  /** Uids of the stateful operators, root first. */
  readonly stateful: readonly string[];
  /** Rows that reached operators which drop duplicates, by uid, over all batches. */
  readonly reached: ReadonlyMap<string, number>;
}

export const SINK = 'results';

const WORDS = [
  'mode',
  'sources',
  'root',
  'output',
  'having',
  'orderBy',
  'noDataBatches',
  'watermarkPolicy',
  'trigger',
  'sink',
  'batch',
  'processingTime',
];

export function structuredPlan(
  semantics: Readonly<Record<string, unknown>>,
  variant: PlanVariant = IN_ONE_TASK,
): StructuredPlan {
  onlyKnown('semantics', semantics, WORDS);
  return new PlanBuilder(semantics as unknown as StructuredForm, variant).build();
}

class PlanBuilder {
  private readonly form: StructuredForm;
  private readonly variant: PlanVariant;
  private readonly from: ReturnType<typeof begin>;
  private readonly stateful: string[] = [];
  private readonly reached = new Map<string, number>();
  private readonly uses = new Map<string, number>();
  private tables = 0;

  constructor(form: StructuredForm, variant: PlanVariant) {
    this.form = form;
    this.variant = variant;
    this.from = begin('vector', {
      inOneTask: variant.partitionedBy === null && !variant.anyShard,
      noDataBatches: form.noDataBatches ?? true,
      watermarkPolicy: form.watermarkPolicy ?? 'min',
    });
  }

  build(): StructuredPlan {
    const { form } = this;
    // A limit over a sorted table is one of its first rows, so that the order comes first.
    const limit = form.root.op === 'limit' && isTable(form) ? form.root : null;
    let { stream } = this.relation(limit === null ? form.root : limit.in!);
    if (form.having !== undefined) stream = stream.filter(truth(expression(form.having)));
    if (form.orderBy !== undefined) stream = stream.transformBatch(sorting(form.orderBy));
    if (limit !== null) {
      const n = limit['n'] as number;
      stream = stream.transformBatch((rows: readonly Row[]) => rows.slice(0, n));
    }
    const columns = form.output.map(expression);
    const results = stream.map((row) => ({ row: columns.map((column) => column(row)) }));
    const sink = form.sink === 'file' ? files(SINK) : collected(SINK);
    if (form.sink !== undefined && form.sink !== 'file') unknown('a sink', form.sink);
    // Only the rows of aggregates change; what else comes out in update mode is new.
    const mode = isTable(form) && !isSessionUpdate(form) ? form.mode : 'append';
    const pipeline = results.to(sink, { mode }).named(SINK);
    return { pipeline, stateful: this.stateful, reached: this.reached };
  }

  private relation(node: NodeForm): Relation {
    if (node.src !== undefined) return this.source(node.src);
    switch (node.op) {
      case 'select':
        return this.select(node);
      case 'filter':
        return this.filter(node);
      case 'explode':
        return this.explode(node);
      case 'union':
        return this.union(node);
      case 'staticJoin':
        return this.staticJoin(node);
      case 'limit':
        return this.limit(node);
      case 'dedup':
      case 'dedupWithin':
        return this.deduplicate(node);
      case 'agg':
        return this.aggregate(node);
      case 'join':
        return this.join(node);
      case 'groupState':
        return this.groupState(node);
      default:
        return unknown('an operator', node);
    }
  }

  /** Each use of a source is a branch of its own, with a watermark of its own. */
  private source(name: string): Relation {
    const source = this.form.sources[name];
    if (source === undefined) return unknown('a source', name);
    const words = ['columns', 'eventTime', 'delay', 'watermarkFilter', 'extraWatermarks'];
    onlyKnown('a source', source, words);
    const { columns } = source;
    const use = this.uses.get(name) ?? 0;
    this.uses.set(name, use + 1);
    const stream = this.from(name, this.variant.partitionedBy);
    const { eventTime, delay, watermarkFilter } = source;
    const declared: Partial<WatermarkForm> =
      (use > 0 ? source.extraWatermarks?.[use - 1] : undefined) ??
      (eventTime === undefined
        ? {}
        : {
            eventTime,
            delay: delay ?? 0,
            ...(watermarkFilter === undefined ? {} : { filter: watermarkFilter }),
          });
    if (declared.eventTime === undefined) {
      return { stream, columns, time: null, declared: false, clocked: false };
    }
    const filtered =
      declared.filter === undefined ? stream : stream.filter(truth(expression(declared.filter)));
    const lateness = seconds((declared.delay ?? 0) + this.variant.extraDelay);
    return {
      stream: filtered.withWatermark(declared.eventTime, lateness, {
        unit: 'seconds',
        maxAhead: MAX_AHEAD,
      }),
      columns,
      time: declared.eventTime,
      declared: true,
      clocked: true,
    };
  }

  private select(node: NodeForm): Relation {
    onlyKnown('select', node, ['op', 'in', 'cols']);
    const input = this.relation(node.in!);
    const cols = node['cols'] as Readonly<Record<string, string>>;
    const evaluated = Object.entries(cols).map(([name, text]) => [name, expression(text)] as const);
    // The row's own time goes with it, under whatever name.
    const timeName = Object.keys(cols).find((name) => cols[name] === input.time) ?? null;
    return {
      ...input,
      stream: input.stream.map((row) =>
        Object.fromEntries(evaluated.map(([name, evaluate]) => [name, evaluate(row)])),
      ),
      columns: Object.keys(cols),
      time: timeName,
      declared: input.declared && timeName === input.time,
    };
  }

  private filter(node: NodeForm): Relation {
    onlyKnown('filter', node, ['op', 'in', 'expr']);
    const input = this.relation(node.in!);
    const keep = truth(expression(node['expr'] as string));
    return { ...input, stream: input.stream.filter(keep) };
  }

  private explode(node: NodeForm): Relation {
    onlyKnown('explode', node, ['op', 'in', 'expr', 'as']);
    const input = this.relation(node.in!);
    const evaluate = expression(node['expr'] as string);
    const name = node['as'] as string;
    return {
      ...input,
      stream: input.stream.flatMap((row) => {
        const values = (evaluate(row) ?? []) as readonly Value[];
        return values.map((value) => ({ ...(row as Row), [name]: value }));
      }),
      columns: [...input.columns.filter((column) => column !== name), name],
      time: input.time === name ? null : input.time,
    };
  }

  private union(node: NodeForm): Relation {
    onlyKnown('union', node, ['op', 'inputs']);
    const inputs = node.inputs!.map((input) => this.relation(input));
    const [first, ...others] = inputs as [Relation, ...Relation[]];
    const same = (other: Relation) =>
      other.columns.length === first.columns.length &&
      first.columns.every((column) => other.columns.includes(column));
    const aligned = others.map((other) => (same(other) ? other : renamed(other, first.columns)));
    return {
      stream:
        aligned.length === 0
          ? first.stream
          : first.stream.union(...aligned.map((each) => each.stream)),
      columns: first.columns,
      time: aligned.every(({ time }) => time === first.time) ? first.time : null,
      declared: [first, ...aligned].every(({ declared }) => declared),
      clocked: inputs.some(({ clocked }) => clocked),
    };
  }

  private staticJoin(node: NodeForm): Relation {
    onlyKnown('staticJoin', node, ['op', 'in', 'on', 'table', 'type']);
    const input = this.relation(node.in!);
    const { columns, rows } = node['table'] as {
      readonly columns: readonly string[];
      readonly rows: readonly (readonly Value[])[];
    };
    const type = (node['type'] ?? 'inner') as string;
    if (type !== 'inner' && type !== 'left') unknown('a join with a table', type);
    this.tables += 1;
    const objects = rows.map((row) => rowOf(columns, row));
    const nothing = rowOf(columns, []);
    return {
      ...input,
      stream: input.stream
        .joinStatic(table(`table-${this.tables}`, objects), { on: [node['on']], type })
        .map(({ left, right }: { left: Row; right: Row | null }) => ({
          ...left,
          ...(right ?? nothing),
        })),
      columns: [...input.columns, ...columns],
    };
  }

  private limit(node: NodeForm): Relation {
    onlyKnown('limit', node, ['op', 'in', 'n']);
    const uid = this.statefulUid();
    const input = this.relation(node.in!);
    return { ...input, stream: input.stream.limit(node['n'] as number).named(uid) };
  }

  private deduplicate(node: NodeForm): Relation {
    onlyKnown(node.op!, node, ['op', 'in', 'keys', 'time', 'lateTime', 'delay']);
    const uid = this.statefulUid();
    const keys = node['keys'] as readonly string[];
    const time = (node['time'] ?? node['lateTime'] ?? null) as string | null;
    const isInKey = node.op === 'dedup' && node['time'] !== undefined;
    const before = this.relation(node.in!);
    const input =
      time === null
        ? withoutTime(before)
        : withTime(before, time, { nulls: 'keep', asField: isInKey });
    const own = isInKey ? (input.declared ? [time!] : [TIME_FIELD]) : [];
    const fields = [...new Set([...keys, ...own])];
    const counted = this.counted(input.stream, uid);
    return {
      ...input,
      stream: (node.op === 'dedup'
        ? counted.dropDuplicates(...fields)
        : counted.dropDuplicatesWithinWatermark(...fields)
      ).named(uid),
    };
  }

  private aggregate(node: NodeForm): Relation {
    const words = ['op', 'in', 'time', 'window', 'keys', 'aggs', 'emitEmptyGlobal'];
    onlyKnown('agg', node, words);
    const uid = this.statefulUid();
    const window = node['window'] as Readonly<Record<string, unknown>>;
    const before = this.relation(node.in!);
    const input =
      window['kind'] === 'none'
        ? before
        : withTime(before, node['time'] as string, { nulls: 'drop' });
    const keys = compiled(node['keys'] as Readonly<Record<string, string>>).map(
      ([name, evaluate]) => [allowed(name), evaluate] as const,
    );
    const aggs = Object.entries(node['aggs'] as Readonly<Record<string, [string, string?]>>);
    const inputs = aggs.flatMap(([name, [, text]]) =>
      text === undefined ? [] : [[inputField(name), expression(text)] as const],
    );
    const gap = gapOf(window);
    const prepared = input.stream.map((row) => ({
      ...Object.fromEntries([...keys, ...inputs].map(([name, evaluate]) => [name, evaluate(row)])),
      ...(typeof gap === 'function' ? { [GAP_FIELD]: gap(row) } : {}),
    }));
    const names = keys.map(([name]) => name);
    const groups = names.length === 0 ? prepared.groupAll() : prepared.keyBy(...names);
    const windowed = window['kind'] === 'none' ? groups : groups.window(windowOf(window, gap));
    const specs = aggs.map(
      ([name, [kind, text]]) =>
        [allowed(name), aggregateOf(kind, text === undefined ? null : inputField(name))] as const,
    );
    const columns = [...Object.keys(node['keys'] as object), ...aggs.map(([name]) => name)];
    return {
      stream: windowed
        .aggregate(Object.fromEntries(specs))
        .named(uid)
        .map((row: Row) => {
          const values = columns.map((name) => [name, row[allowed(name)]]);
          return { ...Object.fromEntries(values), ...boundsOf(row) };
        }),
      columns: [...columns, 'w_start', 'w_end'],
      // The time of a window is its last moment, that of a moment is itself.
      time: window['kind'] === 'rawTime' ? 'w_end' : 'w_end - 0.000001',
      declared: false,
      clocked: input.clocked,
    };
  }

  private join(node: NodeForm): Relation {
    const uid = this.statefulUid();
    return joinOf(node, {
      uid,
      left: this.relation(node.left!),
      right: this.relation(node.right!),
    });
  }

  private groupState(node: NodeForm): Relation {
    onlyKnown('groupState', node, ['op', 'in', 'key', 'fn', 'timeout', 'time', 'lateFilter']);
    const uid = this.statefulUid();
    const before = this.relation(node.in!);
    const time = (node['time'] ?? null) as string | null;
    const input = time === null ? before : withTime(before, time, { nulls: 'keep' });
    const key = expression(node['key'] as string);
    const at = time === null ? () => null : expression(time);
    const prepared = input.stream.map((row) => ({ k: key(row), t: at(row), row }));
    const stream = groupFunctionOf(node['fn'] as string, {
      stream: prepared,
      uid,
      timeout: (node['timeout'] ?? 'none') as string,
      dropLate: node['lateFilter'] === true,
    });
    const { columns } = stream;
    const name = columnNameOf(node['key'] as string);
    return {
      stream: stream.flow.map(({ k, ...others }: { k: Value }) => ({ [name]: k, ...others })),
      columns: [name, ...columns],
      time: null,
      declared: false,
      clocked: input.clocked,
    };
  }

  private statefulUid(): string {
    const uid = `state-${this.stateful.length}`;
    this.stateful.push(uid);
    return uid;
  }

  private counted(stream: Flow, uid: string): Flow {
    this.reached.set(uid, 0);
    return stream.map((row) => {
      this.reached.set(uid, this.reached.get(uid)! + 1);
      return row;
    });
  }
}

/** Whether the rows of the sink are those of an aggregate, and not of an operator behind it. */
export function isTable({ root, mode }: StructuredForm): boolean {
  const passes = [
    'select',
    'filter',
    'explode',
    'staticJoin',
    ...(mode === 'complete' ? ['limit'] : []),
  ];
  let node = root;
  while (passes.includes(node.op ?? '')) node = node.in!;
  if (node.op === 'union') {
    return node.inputs!.every((each) => isTable({ root: each, mode } as StructuredForm));
  }
  return node.op === 'agg';
}

/** Updates of sessions are refused here; what they come to in the end is what append gives. */
export function isSessionUpdate({ root, mode }: StructuredForm): boolean {
  let node = root;
  while (node.op !== 'agg' && node.in !== undefined) node = node.in;
  const window = node['window'] as { readonly kind?: string } | undefined;
  return mode === 'update' && window?.kind === 'session';
}

/** An object from values in the order of columns; what is not there is null. */
export function rowOf(columns: readonly string[], values: readonly Value[]): Row {
  return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? null]));
}

export const truth =
  (evaluate: Evaluate) =>
  (row: Row): boolean =>
    Boolean(evaluate(row));

const GAP_FIELD = '$gap';
const inputField = (name: string) => `$in ${name}`;

function compiled(texts: Readonly<Record<string, string>>): (readonly [string, Evaluate])[] {
  return Object.entries(texts).map(([name, text]) => [name, expression(text)] as const);
}

/** The gap of a session in milliseconds, or the function that gives it. */
function gapOf(window: Readonly<Record<string, unknown>>): number | ((row: Row) => number) | null {
  if (window['kind'] !== 'session') return null;
  const text = String(window['gap']);
  if (Number(text) > 0) return Number(text) * 1_000;
  const evaluate = expression(text);
  return (row) => Math.round(Number(evaluate(row)) * 1_000);
}

function windowOf(
  window: Readonly<Record<string, unknown>>,
  gap: ReturnType<typeof gapOf>,
): unknown {
  onlyKnown('a window', window, ['kind', 'size', 'slide', 'gap']);
  const { kind, size, slide } = window as { kind: string; size: number; slide: number };
  switch (kind) {
    case 'tumbling':
      return windows.tumbling(size * 1_000);
    case 'sliding':
      return windows.sliding(size * 1_000, slide * 1_000);
    case 'session':
      return typeof gap === 'number'
        ? windows.session(gap)
        : windows.sessionBy((row: Row) => row[GAP_FIELD] as number);
    case 'rawTime':
      return windows.instants();
    default:
      return unknown('a window', window);
  }
}

/** The bounds of a row's window in seconds. */
function boundsOf({ windowStart, windowEnd }: Row): Row {
  if (windowStart === undefined) return {};
  return {
    w_start: secondsOf(windowStart as string),
    w_end: secondsOf(windowEnd as string),
  };
}

/** Seconds since 1970 of a time in ISO 8601, to the microsecond. */
export function secondsOf(text: string): number {
  const micros = /\.\d{3}(\d{3})Z$/.exec(text)?.[1] ?? '0';
  return Date.parse(text) / 1_000 + Number(micros) / 1e6;
}

/** A name that no table keeps for itself. */
const allowed = (name: string) =>
  /^(_.*|pk|sk)$/.test(name) ? `${name.replace(/^_+/, '')}$` : name;

function renamed(relation: Relation, columns: readonly string[]): Relation {
  const { stream, time } = relation;
  if (relation.columns.length !== columns.length)
    unknown('a union of', [relation.columns, columns]);
  const place = relation.columns.indexOf(time ?? '');
  return {
    ...relation,
    stream: stream.map((row: Row) =>
      rowOf(
        columns,
        relation.columns.map((column) => row[column]),
      ),
    ),
    columns,
    time: columns[place] ?? null,
    declared: relation.declared && columns[place] === time,
  };
}

const columnNameOf = (text: string) => (/^\w+$/.test(text) ? text : 'k');

/** Sorts rows by `a asc, b desc`; null comes first, and last where it descends. */
function sorting(orderBy: string): (rows: readonly Row[]) => readonly Row[] {
  const terms = orderBy.split(',').map((term) => {
    const match = /^(.*?)(?:\s+(asc|desc))?$/i.exec(term.trim())!;
    return { evaluate: expression(match[1]!), sign: match[2]?.toLowerCase() === 'desc' ? -1 : 1 };
  });
  return (rows) =>
    rows.toSorted((left, right) => {
      for (const { evaluate, sign } of terms) {
        const order = compareValues(evaluate(left), evaluate(right));
        if (order !== 0) return order * sign;
      }
      return 0;
    });
}

function compareValues(left: Value, right: Value): number {
  if (left === null || right === null) return Number(right === null) - Number(left === null);
  if (typeof left === 'string' && typeof right === 'string') {
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  }
  return Number(left) - Number(right);
}
