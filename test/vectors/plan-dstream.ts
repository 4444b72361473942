// Turns the semantics of a DStream vector into a pipeline: one batch interval is one batch. Records are
// rows `{ x }`, pairs `{ k, v }`, and every result is `{ row }`.

import { begin, collected, type Flow, milliseconds } from './api.ts';
import { expression } from './expressions.ts';
import { keyFunctionOf, updateFunctionOf } from './functions-dstream.ts';
import { onlyKnown, unknown, type Value, type Vector } from './vector.ts';

export const SINK = 'results';
export const STATE = 'state';

export interface DStreamForm {
  readonly op: string;
  readonly expr?: string;
  readonly partitions?: number;
  readonly pair?: number;
  readonly then?: string;
  readonly add?: readonly number[];
  readonly type?: string;
  readonly leftValue?: Value;
  readonly rightValue?: Value;
  readonly fn?: string;
  readonly initial?: readonly (readonly [Value, Value])[];
  readonly batchMs?: number;
  readonly window?: number;
  readonly slide?: number;
  readonly inverse?: boolean;
  readonly filter?: boolean | string;
  readonly timeoutBatches?: number;
}

const WORDS = [
  ...'op expr partitions from to pair then add type leftValue rightValue fn initial'.split(' '),
  ...'batchMs window slide inverse filter timeoutBatches outputs recovery'.split(' '),
];

interface Single {
  readonly x: Value;
}

interface Pair {
  readonly k: Value;
  readonly v: Value;
}

const add = (left: number, right: number) => left + right;

export const batchMsOf = ({ batchMs = 1_000 }: DStreamForm): number => batchMs;

export function dstreamPlan(vector: Vector): Flow {
  onlyKnown('semantics', vector.semantics, WORDS);
  const form = vector.semantics as unknown as DStreamForm;
  const from = begin('vector', { inOneTask: true });
  const results = resultsOf(vector, form, (source) => from(source, null));
  return results
    .map((row: Single) => ({ row: row.x }))
    .to(collected(SINK), { mode: 'append' })
    .named(SINK);
}

/** Sources by the names that steps give their records. */
export const sourcesOf = ({ op }: DStreamForm): readonly string[] =>
  op === 'join' || op === 'cogroup' ? ['left', 'right'] : ['in'];

function resultsOf(vector: Vector, form: DStreamForm, from: (source: string) => Flow): Flow {
  const { op } = form;
  const length = milliseconds((form.window ?? 1) * batchMsOf(form));
  const slide = milliseconds((form.slide ?? 1) * batchMsOf(form));
  const singles = () => from('in');
  const pairs = () => singles().map(({ x }: Single) => pairOf(x, form));
  const evaluate = () => {
    const value = expression(form.expr ?? unknown('an operator without expr', form));
    return (x: Value) => value({ x });
  };
  switch (op) {
    case 'map': {
      const apply = evaluate();
      return singles().map(({ x }: Single) => ({ x: apply(x) }));
    }
    case 'flatMap': {
      const apply = evaluate();
      return singles().flatMap(({ x }: Single) => (apply(x) as readonly Value[]).map(single));
    }
    case 'filter': {
      const keep = evaluate();
      return singles().filter(({ x }: Single) => Boolean(keep(x)));
    }
    // Partitions are what shards are here: records stay where they are.
    case 'repartition':
      return singles();
    case 'glom':
      return singles()
        .batches()
        .glom(form.partitions!)
        .map((rows: readonly Single[]) => ({ x: rows.map(({ x }) => x) }));
    case 'mapPartitions': {
      const apply = partitionFunction(form);
      return singles()
        .batches()
        .mapPartitions(form.partitions!, (rows: readonly Single[]) =>
          apply(rows.map(({ x }) => x)).map(single),
        );
    }
    case 'count':
      return singles()
        .batches()
        .count()
        .map(({ count }: { count: number }) => ({ x: count }));
    case 'countByValue':
      return counts(singles().batches().countByValue());
    case 'reduce':
      return singles().batches().reduce(addSingles);
    case 'groupByKey':
      return keyed(pairs().batches().groupByKey('k', 'v'));
    case 'reduceByKey':
      return then(keyed(pairs().batches().reduceByKey('k', 'v', add)), form);
    case 'unionSelf':
      return unionSelf(singles(), form.add ?? []);
    case 'join':
    case 'cogroup':
      return joined(form, from);
    case 'updateStateByKey':
      return updated(pairs(), form);
    case 'mapWithState':
      return mapped(pairs(), { vector, form });
    // Which records are in a slice is asked of the result: each with the time of its batch.
    case 'slice':
      return singles().transformBatch(((
        rows: readonly Single[],
        { batchTimeMs }: { batchTimeMs: number },
      ) => rows.map(({ x }) => ({ x: [batchTimeMs, x] }))) as never);
    case 'window':
      return singles().batches().window(length, slide);
    case 'reduceByWindow':
      return form.inverse === true
        ? singles().batches().reduceByWindow(addSingles, length, slide, subtractSingles)
        : singles().batches().reduceByWindow(addSingles, length, slide);
    case 'countByWindow':
      return singles()
        .batches()
        .countByWindow(length, slide)
        .map(({ count }: { count: number }) => ({ x: count }));
    case 'countByValueAndWindow':
      return counts(
        singles()
          .map(({ x }: Single) => x)
          .batches()
          .countByValueAndWindow(length, slide),
        (value) => value,
      );
    case 'reduceByKeyAndWindow':
      return keyed(
        pairs()
          .batches()
          .reduceByKeyAndWindow({
            key: 'k',
            value: 'v',
            reduce: add,
            length,
            slide,
            ...(form.inverse === true
              ? { inverse: (total: number, left: number) => total - left }
              : {}),
            ...filterOf(form),
          }),
      );
    case 'groupByKeyAndWindow':
      return keyed(pairs().batches().groupByKeyAndWindow({ key: 'k', value: 'v', length, slide }));
    default:
      return unknown('a DStream operator', form);
  }
}

const single = (x: Value): Single => ({ x });

const addSingles = (left: Single, right: Single) =>
  single((left.x as number) + (right.x as number));
const subtractSingles = (total: Single, left: Single) =>
  single((total.x as number) - (left.x as number));

/** A record as a pair: it is one, or it counts for so much. */
function pairOf(x: Value, { pair }: DStreamForm): Pair {
  if (Array.isArray(x)) return { k: x[0], v: x[1] };
  return { k: x, v: pair ?? 1 };
}

const keyed = (flow: Flow) =>
  flow.map(({ k, value }: { k: Value; value: Value }) => ({ x: [k, value] }));

const counts = (flow: Flow, read = (value: Value) => (value as Single).x) =>
  flow.map(({ value, count }: { value: Value; count: number }) => ({ x: [read(value), count] }));

function then(flow: Flow, form: DStreamForm): Flow {
  if (form.then === undefined) return flow;
  const apply = expression(form.expr ?? 'x');
  const pair = (k: Value, v: Value) => single([k, v]);
  switch (form.then) {
    case 'mapValues':
      return flow.map(({ x }: Single) => {
        const [k, v] = x as readonly [Value, Value];
        return pair(k, apply({ x: v }));
      });
    case 'flatMapValues':
      return flow.flatMap(({ x }: Single) => {
        const [k, v] = x as readonly [Value, Value];
        return (apply({ x: v }) as readonly Value[]).map((each) => pair(k, each));
      });
    default:
      return unknown('what comes then', form.then);
  }
}

function partitionFunction({ expr }: DStreamForm): (values: readonly Value[]) => readonly Value[] {
  if (expr !== 'sum') return unknown('a function of a partition', expr);
  return (values) => [values.reduce((sum, value) => (sum as number) + (value as number), 0)];
}

function unionSelf(flow: Flow, added: readonly number[]): Flow {
  const [first, ...others] = added.map((more) =>
    flow.map(({ x }: Single) => single((x as number) + more)),
  );
  return first === undefined ? unknown('a union of nothing', added) : first.union(...others);
}

function joined(form: DStreamForm, from: (source: string) => Flow): Flow {
  const side = (source: string, value: Value) =>
    from(source)
      .map(({ x }: Single) => {
        const pair = pairOf(x, form);
        return { k: pair.k, v: Array.isArray(x) ? pair.v : value };
      })
      .batches();
  const left = side('left', form.leftValue ?? null);
  const right = side('right', form.rightValue ?? null);
  const on = { on: 'k' };
  if (form.op === 'cogroup') {
    const values = (pairs: readonly Pair[]) => pairs.map(({ v }) => v);
    return left
      .cogroup(right, on)
      .map((row: { k: Value; left: readonly Pair[]; right: readonly Pair[] }) => ({
        x: [row.k, [values(row.left), values(row.right)]],
      }));
  }
  const kinds: Readonly<Record<string, () => Flow>> = {
    inner: () => left.join(right, on),
    left: () => left.leftJoin(right, on),
    right: () => left.rightJoin(right, on),
    full: () => left.fullJoin(right, on),
  };
  const join = kinds[form.type ?? 'inner'] ?? unknown('a join', form.type);
  return join().map((row: { left: Pair | null; right: Pair | null }) => ({
    x: [(row.left ?? row.right)!.k, [row.left?.v ?? null, row.right?.v ?? null]],
  }));
}

function updated(pairs: Flow, form: DStreamForm): Flow {
  const { update, shown } = updateFunctionOf(form.fn ?? '');
  const options = form.initial === undefined ? {} : { initial: form.initial };
  return pairs
    .keyBy('k')
    .updateStateByKey(update as never, options)
    .named(STATE)
    .map(({ k, state }: { k: Value; state: Value }) => single([k, shown(state)]));
}

function mapped(
  pairs: Flow,
  { vector, form }: { readonly vector: Vector; readonly form: DStreamForm },
): Flow {
  const apply = keyFunctionOf(form.fn ?? '', vector);
  const { timeoutBatches } = form;
  const options =
    timeoutBatches === undefined
      ? undefined
      : { timeout: milliseconds(timeoutBatches * batchMsOf(form)) };
  return pairs
    .keyBy('k')
    .mapWithState(apply as never, options)
    .named(STATE)
    .flatMap(({ xs }: { xs: readonly Value[] }) => xs.map(single));
}

function filterOf({ filter }: DStreamForm): object {
  if (filter === undefined || filter === false) return {};
  if (filter === true) return { filter: (value: Value) => value !== 0 };
  const keep = expression(filter);
  return { filter: (value: Value) => Boolean(keep({ x: value, v: value })) };
}
