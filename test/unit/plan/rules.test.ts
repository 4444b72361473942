import { describe, expect, test } from 'vitest';
import {
  count,
  counting,
  dynamodb,
  type EngineError,
  foreachBatch,
  instants,
  kinesis,
  list,
  noop,
  s3,
  s3Table,
  session,
  tumbling,
} from '../../../lib/index.ts';
import { type LooseStream, loosePipeline } from '../../support/loose-pipeline.ts';

const append = { mode: 'append' };
const update = { mode: 'update' };
const complete = { mode: 'complete' };
const n = { n: count() };
const m = { m: count() };
const hour = tumbling('1 hour');
const within = { from: '0 seconds', to: '1 hour' };
const run = () => [];

const one = loosePipeline('p', { inOneTask: true });
const events = one.from(kinesis('events'));
const timed = events.withWatermark!('at', '1 minute');
const others = one.from(kinesis('others'));
const timedOthers = others.withWatermark!('at', '1 minute');
const hourly = timed.keyBy!('key').window!(hour).aggregate!(n);
const totals = events.keyBy!('key').aggregate!(n);
const sessions = timed.keyBy!('key').window!(session('1 hour')).aggregate!(n);
const counted = events.keyBy!('key').window!(counting(3)).aggregate!(n);
const mapped = events.keyBy!('key').mapGroupsWithState!(run);
const flatMapped = events.keyBy!('key').flatMapGroupsWithState!(run);
const pairs = timed.join!(timedOthers, { on: 'key', within });

const apart = loosePipeline('p');
const alone = apart.from(kinesis('events'));
const sharded = apart.from(kinesis<{ key: string }>('events').partitionedBy('key'));
const shardedTimed = sharded.withWatermark!('at', '1 minute');

function codesOf(stream: LooseStream): readonly string[] {
  try {
    stream.plan();
    return [];
  } catch (error) {
    const { message } = error as EngineError;
    return [...message.matchAll(/\(([a-z0-9-]+)\)$/gm)].map((match) => match[1]!);
  }
}

describe('output modes, as in Spark', () => {
  const kinds: Readonly<Record<string, readonly [LooseStream, ...string[]]>> = {
    'an aggregation with event time and a watermark': [hourly, 'append', 'update', 'complete'],
    'another aggregation': [totals, 'update', 'complete'],
    mapGroupsWithState: [mapped, 'update'],
    flatMapGroupsWithState: [flatMapped, 'append', 'update'],
    'a join of streams': [pairs, 'append'],
    'an aggregation of a join': [pairs.keyBy!('n').window!(hour).aggregate!(m), 'append'],
    'rows as they come': [events, 'append', 'update'],
    deduplication: [events.dropDuplicates!('key'), 'append', 'update'],
    'an aggregation of deduplicated rows': [
      events.dropDuplicates!('key').keyBy!('key').aggregate!(n),
      'update',
      'complete',
    ],
    'a session window': [sessions, 'append', 'complete'],
    'the first rows': [events.limit!(3), 'append'],
    'an aggregation of the first rows': [events.limit!(3).keyBy!('key').aggregate!(n), 'complete'],
    'a window of so many rows': [counted, 'append'],
    'a chain of aggregations': [hourly.keyBy!('n').window!(hour).aggregate!(m), 'append'],
    'deduplicated groups': [hourly.dropDuplicates!('n'), 'append'],
    'a process': [events.keyBy!('key').process!({ onRow: run }), 'append', 'update'],
    'a running state': [events.keyBy!('key').updateStateByKey!(run), 'append', 'update'],
    'batches of groups': [hourly.transformBatch!(run), 'append', 'update', 'complete'],
    'groups and events': [hourly.union!(events), 'append', 'update'],
  };
  test.each(Object.entries(kinds))('%s', (_kind, [stream, ...allowed]) => {
    const modes = ['append', 'update', 'complete'];
    expect(modes.filter((mode) => codesOf(stream.to!(noop(), { mode })).length === 0)).toEqual(
      allowed,
    );
  });
});

describe('a refusal names its cause', () => {
  const refused: Readonly<Record<string, LooseStream>> = {
    'update-mode-unsupported-for-session': sessions.to!(noop(), update),
    'update-of-join': pairs.to!(noop(), update),
    'update-of-limit': events.limit!(3).to!(noop(), update),
    'count-window-append-only': counted.to!(noop(), complete),
    'complete-of-join': pairs.keyBy!('n').window!(hour).aggregate!(m).to!(noop(), complete),
    'complete-of-events': hourly.union!(events).to!(noop(), complete),
    'chain-append-only': hourly.limit!(3).to!(noop(), update),
    'chain-not-final': totals.keyBy!('n').window!(counting(2)).aggregate!(m).to!(noop(), append),
    'map-groups-update-only': mapped.to!(noop(), append),
    'map-groups-not-last': mapped.dropDuplicates!('n').to!(noop(), update),
    'table-without-key': timed.groupAll!().aggregate!(n).to!(dynamodb('table'), update),
    'table-key-lost': hourly.batches!().count!().to!(dynamodb('table'), update),
    'table-of-growing-sessions': sessions.to!(dynamodb('table'), complete),
    'late-sink-unused': events.map!(run).onLate!(s3('late')).to!(noop(), append),
    'late-without-window': counted.onLate!(s3('late')).to!(noop(), append),
    'late-without-watermark': events.dropDuplicates!('key').onLate!(s3('late')).to!(noop(), append),
    'join-needs-equality': timed.join!(timedOthers, { within }).to!(noop(), append),
    'join-bound-empty': timed.join!(timedOthers, {
      on: 'key',
      within: { from: '1 hour', to: '1 hour', toInclusive: false },
    }).to!(noop(), append),
    'join-without-time': timed.join!(others, { on: 'key', within }).to!(noop(), append),
    'outer-join-without-watermark': timed.join!(others, { type: 'left', on: 'key' }).to!(
      noop(),
      append,
    ),
    'dedup-without-watermark': events.dropDuplicatesWithinWatermark!('key').to!(noop(), append),
    'timeout-without-watermark': events.keyBy!('key').flatMapGroupsWithState!(run, {
      timeout: 'event-time',
    }).to!(noop(), append),
    'window-without-watermark': timed.union!(events).keyBy!('key').window!(instants()).aggregate!(n)
      .to!(noop(), update),
    'watermark-after-groups': hourly.withProcessingTime!().to!(noop(), append),
    'idle-timeout-zero': events.withWatermark!('at', '1 minute', { idleTimeout: '0 seconds' }).to!(
      noop(),
      append,
    ),
    'session-gap-zero': timed.keyBy!('key').window!(session('0 seconds')).aggregate!(n).to!(
      noop(),
      append,
    ),
    'count-window-invalid': events.keyBy!('key').window!(counting(2, 3)).aggregate!(n).to!(
      noop(),
      append,
    ),
    'batch-window-zero': events.batches!().window!('1 hour', '0 seconds').to!(noop(), append),
    'key-missing': events.dropDuplicates!().to!(noop(), append),
    'key-repeated': events.keyBy!('a', 'a').updateStateByKey!(run).to!(noop(), update),
    'key-name-taken': events.keyBy!('state').updateStateByKey!(run).to!(noop(), update),
    'uid-reserved': events.map!(run).named!('watermarks').to!(noop(), append),
    'table-name-invalid': events.joinStatic!(s3Table('a_b'), { on: 'key' }).to!(noop(), append),
    'limit-invalid': events.limit!(1.5).to!(noop(), append),
    'sample-rate-invalid': events.sample!(1.1, 'key').to!(noop(), append),
    'type-unknown': timed.join!(timedOthers, { type: 'cross', on: 'key', within }).to!(
      noop(),
      append,
    ),
    'timeout-unknown': events.keyBy!('key').flatMapGroupsWithState!(run, { timeout: 'soon' }).to!(
      noop(),
      append,
    ),
    'timers-unknown': events.keyBy!('key').process!({ timers: 'soon', onRow: run }).to!(
      noop(),
      append,
    ),
    'state-unknown': events.keyBy!('key').process!({
      state: { n: list(), m: { kind: 'bag' } },
      onRow: run,
    }).to!(noop(), append),
    'function-missing': events.keyBy!('key').process!({ onRow: run, onTimer: 3 }).to!(
      noop(),
      append,
    ),
    'watermark-policy-unknown': loosePipeline('p', { watermarkPolicy: 'mean' as 'min' }).from(
      kinesis('events'),
    ).to!(noop(), append),
  };
  test.each(Object.entries(refused))('%s', (code, stream) => {
    expect(codesOf(stream)).toEqual([code]);
    expect(() => stream.plan()).toThrowErrorMatchingSnapshot();
  });
});

describe('rows that are kept until no match can come need a bound on that', () => {
  const typed = (type: string, bound: object) =>
    codesOf(timed.join!(timedOthers, { type, on: 'key', ...bound }).to!(noop(), append));
  const lower = { within: { from: '-1 hours' } };
  const upper = { within: { to: '1 hour' } };
  const refused = ['outer-join-without-bound'];

  test.each([
    ['inner', [], [], []],
    ['left', refused, [], refused],
    ['semi', refused, [], refused],
    ['right', refused, refused, []],
    ['full', refused, [], []],
  ])('%s', (type, none, withUpper, withLower) => {
    expect(typed(type, {})).toEqual(none);
    expect(typed(type, upper)).toEqual(withUpper);
    expect(typed(type, lower)).toEqual(withLower);
    expect(typed(type, { window: hour })).toEqual([]);
  });
});

describe('what needs one task', () => {
  const other = apart.from(kinesis('others'));
  const table: Readonly<Record<string, readonly [LooseStream, ...string[]]>> = {
    'several sources': [alone.union!(other), 'sources-need-one-task'],
    'several sources, said once': [
      alone.union!(other).dropDuplicates!('key'),
      'sources-need-one-task',
    ],
    'the first rows': [sharded.limit!(3), 'limit-needs-one-task'],
    'one group of all': [sharded.groupAll!().window!(counting(2)).aggregate!(n), 'key-missing'],
    'a window of all batches': [sharded.batches!().window!('1 hour', '1 hour'), 'key-missing'],
    'a source without a key': [alone.dropDuplicates!('key'), 'source-not-partitioned'],
    'another key': [sharded.keyBy!('other').updateStateByKey!(run), 'key-not-partition-key'],
    'another key of results': [
      shardedTimed.keyBy!('key').window!(hour).aggregate!(n).keyBy!('n').window!(hour).aggregate!(
        m,
      ),
      'key-not-partition-key',
    ],
    'a join by another key': [
      shardedTimed.join!(shardedTimed, { on: [['key', 'other']], within }),
      'key-not-partition-key',
    ],
    'a join by the key in another place': [
      shardedTimed.join!(shardedTimed, {
        on: [
          ['key', 'other'],
          ['other', 'key'],
        ],
        within,
      }),
      'key-not-partition-key',
    ],
    'and what does not: the key': [sharded.dropDuplicates!('other', 'key')],
    'a join of one source by the key': [
      shardedTimed.join!(shardedTimed.map!(run), { on: ['other', 'key'], within }),
    ],
    'the key of results': [
      shardedTimed.keyBy!('key').window!(hour).aggregate!(n).dropDuplicates!('key'),
    ],
    'two branches': [sharded.union!(sharded.map!(run))],
    'rows of a batch': [alone.batches!().count!()],
    'a sample': [alone.sample!(0.1, 'key')],
  };
  test.each(Object.entries(table))('%s', (_what, [stream, ...codes]) => {
    expect(codesOf(stream.to!(noop(), append))).toEqual(codes);
  });
});

describe('what can run', () => {
  const runnable: Readonly<Record<string, LooseStream>> = {
    'a second watermark in place of the first': timed.withWatermark!('other', '1 minute'),
    'late rows of every operator that has some': timed.dropDuplicates!('key').onLate!(
      s3('repeated'),
    ).join!(timedOthers, { on: 'key', within }).onLate!(foreachBatch('unmatched', run)).keyBy!(
      'key',
    ).process!({ onRow: run }).onLate!(s3('late')),
    'late rows of sessions in mode complete': timed.keyBy!('key').window!(session('1 hour'))
      .aggregate!(n).onLate!(s3('late')),
    'sessions of all rows': timed.groupAll!().window!(session(() => 5)).aggregate!(n),
    'windows by the clock': events.withProcessingTime!().keyBy!('key').window!(hour).aggregate!(n),
  };
  test.each(Object.entries(runnable))('%s', (what, stream) => {
    const mode = what.includes('complete') ? complete : append;
    expect(codesOf(stream.to!(noop(), mode))).toEqual([]);
  });

  test('sessions, chains and running states in tables', () => {
    const table = dynamodb('table');
    const chain = hourly.keyBy!('n').window!(hour).aggregate!(m);
    expect(codesOf(sessions.to!(table, append))).toEqual([]);
    expect(codesOf(chain.filter!(run).to!(table, append))).toEqual([]);
    const few = hourly.dropDuplicates!('key').limit!(3).sample!(0.5, 'key');
    expect(codesOf(few.to!(table, append))).toEqual([]);
    const running = events.keyBy!('key').updateStateByKey!(run);
    expect(codesOf(running.to!(table, update))).toEqual([]);
  });
});
