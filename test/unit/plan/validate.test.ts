import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import type {
  AggregateNode,
  AggregateSpec,
  PlanNode,
  SinkNode,
  SourceNode,
} from '../../../lib/plan/plan.ts';
import { PLAN_DEFAULTS } from '../../../lib/plan/plan.ts';
import { findPlanProblems } from '../../../lib/plan/validate.ts';

const HOUR = 3_600_000;

const source: SourceNode = {
  kind: 'kinesis-source',
  uid: 'kinesis-departures',
  inputs: [],
  name: 'departures',
  schema: null,
  partitionedBy: ['origin'],
};
const watermark: PlanNode = {
  kind: 'watermark',
  uid: 'watermark-1',
  inputs: ['kinesis-departures'],
  time: { kind: 'field', field: 'departedAt' },
  unit: 'milliseconds',
  delayMs: 600_000,
  maxAheadMs: 86_400_000,
  idleTimeoutMs: null,
  startMs: 0,
};
const aggregate: AggregateNode = {
  kind: 'aggregate',
  uid: 'aggregate-1',
  inputs: ['watermark-1'],
  key: { fields: ['origin'], selectors: [{ kind: 'field', field: 'origin' }] },
  window: { kind: 'time', sizeMs: HOUR, slideMs: HOUR },
  aggregates: { flights: { kind: 'count', input: null, decimalScale: null } },
  allowedLatenessMs: 0,
  lateSink: null,
};
const table: SinkNode = {
  kind: 'dynamodb-sink',
  uid: 'dynamodb-delays',
  inputs: ['aggregate-1'],
  mode: 'update',
  name: 'delays',
  keyFields: ['origin'],
  windowed: true,
};
const files: SinkNode = {
  kind: 's3-sink',
  uid: 's3-delays',
  inputs: ['aggregate-1'],
  mode: 'append',
  name: 'delays',
  partitionBy: 'day',
};
const late: SinkNode = { ...files, uid: 's3-late', name: 'late', inputs: [] };
const unchanged: PlanNode = {
  kind: 'map',
  uid: 'map-1',
  inputs: ['aggregate-1'],
  apply: (row) => row,
};

function problemsOf(nodes: readonly PlanNode[], name = 'delays') {
  return findPlanProblems({ ...PLAN_DEFAULTS, name, nodes });
}
function codesOf(nodes: readonly PlanNode[], name?: string) {
  return problemsOf(nodes, name).map(({ code }) => code);
}
/** The usual nodes with some of them replaced by what differs. */
function planWith(changes: {
  readonly source?: Partial<SourceNode>;
  readonly watermark?: object;
  readonly aggregate?: Partial<AggregateNode>;
  readonly sinks?: readonly PlanNode[];
}): PlanNode[] {
  return [
    { ...source, ...changes.source },
    { ...watermark, ...changes.watermark } as PlanNode,
    { ...aggregate, ...changes.aggregate },
    ...(changes.sinks ?? [table, files]),
  ];
}
const keyOf = (...fields: string[]) => ({
  fields,
  selectors: fields.map((field) => ({ kind: 'field', field }) as const),
});
const over = <Kind extends string>(kind: Kind) =>
  ({ kind, input: { kind: 'field', field: 'delay' }, decimalScale: null }) as const;
const planWithAggregates = (specs: readonly AggregateSpec[]): PlanNode[] =>
  planWith({
    aggregate: { aggregates: Object.fromEntries(specs.map((spec, n) => [`n${n}`, spec])) },
  });
const planOutOf = (sinks: readonly PlanNode[]): PlanNode[] => planWith({ sinks });

describe('a plan that can run has no problems', () => {
  const runnable: Readonly<Record<string, readonly PlanNode[]>> = {
    'with parameters at their limits': planWithAggregates([
      { ...over('topK'), k: 1, by: null },
      { ...over('topK'), k: 100, by: null },
      { ...over('approxCountDistinct'), relativeError: 0.01 },
      { ...over('approxCountDistinct'), relativeError: 0.39 },
      { ...over('approxPercentile'), percentages: [0, 1], accuracy: 2 },
      { ...over('approxPercentile'), percentages: 1, accuracy: 1_000 },
    ]),
    'the usual one': planWith({}),
    'with a late sink': planWith({ aggregate: { lateSink: 's3-late' }, sinks: [late, files] }),
    'in mode complete': planOutOf([{ ...table, mode: 'complete' }]),
    'without a window in mode update': planWith({
      aggregate: { window: null },
      sinks: [{ ...table, windowed: false }],
    }),
    'keyed by more than the partition key': planWith({
      aggregate: { key: keyOf('destination', 'origin') },
    }),
    stateless: [source, { ...files, inputs: [source.uid] }],
    'stateless in mode update without a sink that keeps rows': [
      source,
      { kind: 'noop-sink', uid: 'noop-1', inputs: [source.uid], mode: 'update' },
    ],
    'with mapped results in files': planOutOf([unchanged, { ...files, inputs: ['map-1'] }]),
    'with filtered results in a table': planOutOf([
      { ...unchanged, kind: 'filter', uid: 'filter-1' },
      { ...table, inputs: ['filter-1'] },
    ]),
    'with as many panes as there may be': planWith({
      aggregate: { window: { kind: 'time', sizeMs: 1_000_000, slideMs: 1_000 } },
    }),
  };
  test.each(Object.entries(runnable))('%s', (_name, nodes) => {
    expect(problemsOf(nodes)).toEqual([]);
  });
});

describe('a plan that cannot run is refused', () => {
  const refused: Readonly<Record<string, readonly PlanNode[]>> = {
    'sink-missing': planOutOf([]),
    'append-without-watermark': [
      source,
      { ...aggregate, inputs: [source.uid], window: null },
      files,
    ],
    'append-without-window': planWith({ aggregate: { window: null }, sinks: [files] }),
    'complete-without-aggregation': [
      source,
      { kind: 'noop-sink', uid: 'noop-1', inputs: [source.uid], mode: 'complete' },
    ],
    'complete-mixed': planOutOf([{ ...table, mode: 'complete' }, files]),
    's3-append-only': planOutOf([{ ...files, mode: 'update' }]),
    'table-without-key': [source, { ...table, inputs: [source.uid] }],
    'table-key-lost': planOutOf([unchanged, { ...table, inputs: ['map-1'] }]),
    'window-without-watermark': [source, { ...aggregate, inputs: [source.uid] }, table],
    'window-size-zero': planWith({
      aggregate: { window: { kind: 'time', sizeMs: 0, slideMs: 0 } },
    }),
    'window-slide-zero': planWith({
      aggregate: { window: { kind: 'time', sizeMs: 10, slideMs: 0 } },
    }),
    'window-gaps': planWith({ aggregate: { window: { kind: 'time', sizeMs: 10, slideMs: 11 } } }),
    'window-too-fine': planWith({
      aggregate: { window: { kind: 'time', sizeMs: HOUR, slideMs: 3_599_999 } },
    }),
    'watermark-after-groups': [
      source,
      { ...aggregate, inputs: [source.uid], window: null },
      { ...watermark, inputs: ['aggregate-1'] } as PlanNode,
      table,
    ],
    'max-ahead-zero': planWith({ watermark: { maxAheadMs: 0 } }),
    'source-not-partitioned': planWith({ source: { partitionedBy: null } }),
    'key-not-partition-key': planWith({ source: { partitionedBy: ['destination'] } }),
    'key-repeated': planWith({ aggregate: { key: keyOf('origin', 'origin') } }),
    'key-missing': planWith({ source: { partitionedBy: [] }, aggregate: { key: keyOf() } }),
    'key-name-taken': planWith({
      source: { partitionedBy: ['windowStart'] },
      aggregate: { key: keyOf('windowStart') },
    }),
    'aggregates-missing': planWith({ aggregate: { aggregates: {} } }),
    'aggregate-name-taken': planWith({
      aggregate: { aggregates: { origin: aggregate.aggregates['flights']! } },
    }),
    'field-name-reserved': planWith({
      aggregate: { aggregates: { _n: aggregate.aggregates['flights']! } },
    }),
    'uid-taken': planOutOf([files, { ...files, inputs: ['aggregate-1'] }]),
    'uid-reserved': planOutOf([{ ...files, uid: 'dead-letters' }]),
    'uid-invalid': planOutOf([{ ...files, uid: 'late rows' }]),
    'sink-name-invalid': planOutOf([{ ...files, name: 'late_rows', uid: 's3-late_rows' }]),
    'stream-name-invalid': planWith({ source: { name: 'a'.repeat(41) } }),
    'late-sink-not-s3': planWith({
      aggregate: { lateSink: 'dynamodb-delays' },
      sinks: [{ ...table, inputs: [] }, files],
    }),
    'late-sink-unused': planOutOf([late, files]),
    'late-without-window': planWith({
      aggregate: { window: null, lateSink: 's3-late' },
      sinks: [late, table],
    }),
    'late-in-complete': planWith({
      aggregate: { lateSink: 's3-late' },
      sinks: [late, { ...table, mode: 'complete' }],
    }),
    'mode-unknown': planOutOf([{ ...table, mode: 'upsert' as 'update' }]),
    'unit-unknown': planWith({ watermark: { unit: 'minutes' } }),
    'partition-by-unknown': planOutOf([{ ...files, partitionBy: 'week' as 'day' }]),
    'function-missing': planOutOf([
      { ...unchanged, apply: undefined as unknown as () => unknown },
      { ...files, inputs: ['map-1'] },
    ]),
    'decimal-scale-invalid': planWith({
      aggregate: {
        aggregates: {
          total: { kind: 'sum', input: { kind: 'field', field: 'amount' }, decimalScale: 2.5 },
        },
      },
    }),
    'top-k-invalid': planWithAggregates(
      [0, 101, 1.5, Number.NaN].map((k) => ({ ...over('topK'), k, by: null })),
    ),
    'relative-error-invalid': planWithAggregates(
      [0, -0.05, 0.0099, 0.4].map((relativeError) => ({
        ...over('approxCountDistinct'),
        relativeError,
      })),
    ),
    'percentage-invalid': planWithAggregates(
      [-0.1, 1.01, [], [0.5, '0.9' as unknown as number]].map((percentages) => ({
        ...over('approxPercentile'),
        percentages,
        accuracy: 100,
      })),
    ),
    'accuracy-invalid': planWithAggregates(
      [1, 1_001, 0].map((accuracy) => ({
        ...over('approxPercentile'),
        percentages: [0, 1],
        accuracy,
      })),
    ),
    'field-unknown': planWith({
      source: { schema: v.object({ departedAt: v.number(), from: v.string() }) },
    }),
  };
  test.each(Object.entries(refused))('%s', (code, nodes) => {
    const problems = problemsOf(nodes);
    expect(new Set(problems.map((each) => each.code))).toEqual(new Set([code]));
    for (const { message } of problems) expect(message).toMatchSnapshot();
  });

  test('every wrong parameter is named, and a field that values are ranked by is a field that is read', () => {
    expect(problemsOf(refused['top-k-invalid']!)).toHaveLength(4);
    expect(problemsOf(refused['relative-error-invalid']!)).toHaveLength(4);
    expect(problemsOf(refused['percentage-invalid']!)).toHaveLength(4);
    expect(problemsOf(refused['accuracy-invalid']!)).toHaveLength(3);
    const schema = v.object({ departedAt: v.number(), origin: v.string(), delay: v.number() });
    const by = { kind: 'field', field: 'distance' } as const;
    const ranked = planWithAggregates([{ ...over('topK'), k: 3, by }]).with(0, {
      ...source,
      schema,
    });
    expect(codesOf(ranked)).toEqual(['field-unknown']);
  });

  test.each(['', 'a'.repeat(41), 'my_pipeline', '-delays', 'delays-', 'delays\n', 'ä'])(
    'the pipeline name %j',
    (name) => {
      expect(codesOf(planWith({}), name)).toEqual(['pipeline-name-invalid']);
    },
  );

  test('a key by function that is not the declared one', () => {
    const originOf = (event: { origin: string }) => event.origin;
    const key = {
      fields: ['key'],
      selectors: [{ kind: 'function', select: originOf } as const],
    };
    const { partitionedBy: _, ...bare } = source;
    const declared = (partitionedByFunction: (event: never) => unknown) => [
      { ...bare, partitionedBy: null, partitionedByFunction },
      watermark,
      { ...aggregate, key },
      table,
    ];
    expect(codesOf(declared(originOf))).toEqual([]);
    expect(codesOf(declared((event: { origin: string }) => event.origin))).toEqual([
      'key-not-partition-key',
    ]);
    expect(codesOf(planWith({ aggregate: { key } }))).toEqual(['key-not-partition-key']);
  });

  test('two operators of one name', () => {
    const nodes = planOutOf([{ ...unchanged, uid: 'aggregate-1' }, files]);
    expect(problemsOf(nodes).find(({ code }) => code === 'uid-taken')?.message).toBe(
      "two operators are called 'aggregate-1': give one of them another name with .named(…)",
    );
  });

  test('a custom aggregate that lacks a part', () => {
    const custom = { kind: 'custom', zero: () => 0, add: () => 0, merge: () => 0 };
    const nodes = planWith({ aggregate: { aggregates: { total: custom as never } } });
    expect(problemsOf(nodes)[0]?.message).toContain("needs a function for result of 'total'");
  });
});

describe('fields that a schema lists', () => {
  const schema = v.object({ departedAt: v.number(), from: v.string() });

  test('are not checked behind a function that may change the rows', () => {
    const nodes = [
      { ...source, schema, partitionedBy: ['from'] },
      { ...unchanged, inputs: [source.uid] } as PlanNode,
      { ...watermark, inputs: ['map-1'] } as PlanNode,
      { ...aggregate, key: keyOf('from', 'anything') },
      table,
    ];
    expect(codesOf(nodes)).toEqual([]);
  });

  test('are all named when one is not among them', () => {
    const [problem] = problemsOf(
      planWith({
        source: { schema, partitionedBy: ['from'] },
        aggregate: { key: keyOf('from', 'to') },
      }),
    );
    expect(problem?.message).toContain(
      "reads the field 'to', which the schema of 'departures' does not have; it has 'departedAt' and 'from'",
    );
  });

  test('are known to every operator that hands events on as they are', () => {
    const known = { ...source, schema, partitionedBy: ['from'] };
    const others = { ...known, uid: 'kinesis-others', name: 'others', schema: null };
    const then = (kind: string, inputs: readonly string[], more: object = {}) =>
      ({ kind, uid: `${kind}-1`, inputs, ...more }) as unknown as PlanNode;
    const nodes = [
      known,
      others,
      then('union', [known.uid, others.uid]),
      then('limit', ['union-1'], { count: 1 }),
      then('sample', ['limit-1'], { rate: 1, key: keyOf('a') }),
      then('deduplicate', ['sample-1'], { key: keyOf('b'), forget: 'never' }),
      then('join', ['deduplicate-1', known.uid], {
        leftKey: keyOf('c'),
        rightKey: keyOf('d'),
        type: 'inner',
        within: null,
        window: null,
      }),
      then('update-state', ['join-1'], { key: keyOf('left'), update: () => 1 }),
    ];
    const found = findPlanProblems({ ...PLAN_DEFAULTS, inOneTask: true, name: 'p', nodes });
    expect(
      found
        .filter(({ code }) => code === 'field-unknown')
        .map(({ message }) => message.split(',')[0]),
    ).toEqual([
      "'sample-1' reads the field 'a'",
      "'deduplicate-1' reads the field 'b'",
      "'join-1' reads the field 'c'",
      "'join-1' reads the field 'd'",
    ]);
  });
});
