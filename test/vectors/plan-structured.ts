// Turns the semantics of a structured vector into a pipeline. Each operator of the form becomes the
// operator of our API that means the same, whatever stands in front of it or behind.

import { begin, collected, type Flow, files, seconds, table } from './api.ts';
import { type Evaluate, expression, type Row } from './expressions.ts';
import {
  isSessionUpdate,
  isTable,
  type NodeForm,
  rowOf,
  type StructuredForm,
  type WatermarkForm,
} from './forms.ts';
import { groupFunctionOf } from './functions.ts';
import { aggregateRelation } from './plan-aggregate.ts';
import { joinOf } from './plan-join.ts';
import { MAX_AHEAD, type Relation, TIME_FIELD, withoutTime, withTime } from './relation.ts';
import { sorting } from './sorting.ts';
import { onlyKnown, unknown, type Value } from './vector.ts';

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
            // Of another branch the rows that fail it are not said to be gone.
            ...(watermarkFilter === undefined || use > 0 ? {} : { filter: watermarkFilter }),
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
    const uid = this.statefulUid();
    return aggregateRelation(node, { uid, input: this.relation(node.in!) });
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

const truth =
  (evaluate: Evaluate) =>
  (row: Row): boolean =>
    Boolean(evaluate(row));
