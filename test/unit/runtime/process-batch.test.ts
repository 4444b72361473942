import { describe, expect, test } from 'vitest';
import {
  aggregator,
  avg,
  count,
  decimal,
  dynamodb,
  first,
  kinesis,
  last,
  max,
  min,
  noop,
  pipeline,
  s3,
  sliding,
  stddev,
  sum,
  tumbling,
} from '../../../lib/index.ts';
import { EngineError } from '../../../lib/model/errors.ts';
import { hashOfKey } from '../../../lib/model/hash-range.ts';
import type { Plan } from '../../../lib/plan/plan.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import { ARRIVAL_MS, PassDrive } from '../../support/passes.ts';

interface Reading {
  readonly at: number;
  readonly device: string;
  readonly value: number;
}

const MINUTE = 60_000;
const T0 = ARRIVAL_MS - (ARRIVAL_MS % (60 * MINUTE));
const reading = (minute: number, device = 'a', value = 1): Reading => ({
  at: T0 + minute * MINUTE,
  device,
  value,
});

const readings = () =>
  pipeline('readings')
    .from(kinesis<Reading>('readings').partitionedBy('device'))
    .withWatermark('at', '10 minutes');

const hourly = () =>
  readings()
    .keyBy('device')
    .window(tumbling('1 hour'))
    .aggregate({ n: count(), total: sum('value'), mean: avg('value'), worst: max('value') })
    .onLate(s3('late'));

const both = (): Plan =>
  hourly().to(dynamodb('table'), { mode: 'update' }).to(s3('rows'), { mode: 'append' }).plan();

const uid = (plan: Plan, kind: string) => plan.nodes.find((node) => node.kind === kind)!.uid;
const iso = (minute: number) => new Date(T0 + minute * MINUTE).toISOString();

describe('event time', () => {
  test('update mode emits each changed row once with its last values', () => {
    const plan = both();
    const drive = new PassDrive(plan);
    const { rows, result } = drive.push([
      reading(1, 'a', 2),
      reading(2, 'a', 4),
      reading(3, 'b', 1),
    ]);
    expect(rows[uid(plan, 'dynamodb-sink')]).toEqual([
      { device: 'a', windowStart: iso(0), windowEnd: iso(60), n: 2, total: 6, mean: 3, worst: 4 },
      { device: 'b', windowStart: iso(0), windowEnd: iso(60), n: 1, total: 1, mean: 1, worst: 1 },
    ]);
    expect(result.counts).toEqual({ dead: 0, late: 0, filtered: 0, applied: 3, lateRows: 0 });
    const again = drive.push([reading(4, 'b', 5)]);
    expect(again.rows[uid(plan, 'dynamodb-sink')]).toEqual([
      { device: 'b', windowStart: iso(0), windowEnd: iso(60), n: 2, total: 6, mean: 3, worst: 5 },
    ]);
  });

  test('append mode emits a window once, in the batch whose watermark reaches its end', () => {
    const plan = both();
    const append = plan.nodes.find(
      (node) => node.kind === 's3-sink' && node.mode === 'append' && node.inputs.length > 0,
    )!.uid;
    const drive = new PassDrive(plan);
    expect(drive.push([reading(5), reading(61)]).rows[append]).toBeUndefined();
    expect(drive.push([reading(69.99)]).rows[append]).toBeUndefined();
    const closing = drive.push([reading(70)]);
    expect(closing.rows[append]).toMatchObject([{ device: 'a', windowStart: iso(0), n: 1 }]);
    expect(drive.state.rowCount()).toBe(1);
    expect(drive.push([reading(71)]).rows[append]).toBeUndefined();
  });

  test('a row is late by the watermark of the commit before, not by that of its own batch', () => {
    const drive = new PassDrive(both());
    const sameBatch = drive.push([reading(75), reading(5)]);
    expect(sameBatch.result.counts).toMatchObject({ applied: 2, late: 0 });
    const next = drive.push([reading(6, 'a', 9)]);
    expect(next.result.counts).toEqual({ dead: 0, late: 1, filtered: 0, applied: 0, lateRows: 0 });
    expect(next.late).toEqual([reading(6, 'a', 9)]);
    expect(next.result.watermarkMs).toBe(T0 + 65 * MINUTE);
  });

  test('a row below the watermark whose window is still open counts', () => {
    const drive = new PassDrive(both());
    drive.push([reading(50)]);
    expect(drive.push([reading(5)]).result.counts).toMatchObject({ applied: 1, late: 0 });
  });

  test('the watermark begins at 1970, so that a window that ended by then is late', () => {
    const drive = new PassDrive(hourly().to(s3('rows'), { mode: 'append' }).plan());
    const before = { device: 'a', value: 1, at: -5 * MINUTE };
    const { result } = drive.push([before, { ...before, at: 5 * MINUTE }]);
    expect(result.counts).toMatchObject({ applied: 1, late: 1 });
    expect(result.watermarkMs).toBe(0);
  });

  test('nothing is late on an empty log where the watermark begins nowhere', () => {
    const declared = hourly().to(s3('rows'), { mode: 'append' }).plan();
    const nodes = declared.nodes.map((node) =>
      node.kind === 'watermark' ? { ...node, startMs: null } : node,
    );
    const plan = { ...declared, nodes };
    const drive = new PassDrive(plan);
    const old = { device: 'a', value: 1, at: -5 * MINUTE };
    const { result } = drive.push([old, { ...old, at: 0 }, { ...old, at: 30 * MINUTE }]);
    expect(result.counts).toMatchObject({ applied: 3, late: 0 });
    expect(result.watermarkMs).toBe(20 * MINUTE);
    const append = plan.nodes.find(
      (node) => node.kind === 's3-sink' && node.inputs.length > 0,
    )!.uid;
    const closing = drive.push([{ ...old, at: 70 * MINUTE }]);
    expect(closing.rows[append]).toMatchObject([{ windowStart: '1970-01-01T00:00:00.000Z', n: 2 }]);
    expect(closing.keys).toContain('rows/rows/dt=1970-01-01/inc-shard-2-0.ndjson');
  });

  test.each([
    [{ device: 'a', value: 1 }, 'event-time-missing'],
    [{ device: 'a', value: 1, at: null }, 'event-time-missing'],
    [{ device: 'a', value: 1, at: 'soon' }, 'event-time-invalid'],
    [{ device: 'a', value: 1, at: T0 * 1_000 }, 'event-time-invalid'],
    [{ device: 'a', value: 1, at: 253_402_300_799_000 }, 'event-time-ahead'],
    [{ device: 'a', value: 1, at: ARRIVAL_MS + 86_400_000 + 1_000 }, 'event-time-ahead'],
  ])('%j is set aside and does not move the watermark', (event, reason) => {
    const drive = new PassDrive(both());
    const { dead, result } = drive.push([reading(1), event]);
    expect(dead).toMatchObject([{ reason }]);
    expect(result.watermarkMs).toBe(T0 - 9 * MINUTE);
    expect(result.counts).toMatchObject({ dead: 1, applied: 1 });
  });

  test('a record that dies behind the watermark does not move it either', () => {
    const drive = new PassDrive(both());
    const { result } = drive.push([reading(1), { ...reading(30), value: 'x' }]);
    expect(result.watermarkMs).toBe(T0 - 9 * MINUTE);
  });

  test('what a filter behind the watermark drops moves it, what one in front drops does not', () => {
    const isA = (event: Reading) => event.device === 'a';
    const source = kinesis<Reading>('readings').partitionedBy('device');
    const before = pipeline('p').from(source).filter(isA).withWatermark('at', '10 minutes');
    const after = pipeline('p').from(source).withWatermark('at', '10 minutes').filter(isA);
    const events = [reading(1, 'a'), reading(40, 'b')];
    const run = (stream: typeof before) =>
      new PassDrive(
        stream
          .keyBy('device')
          .window(tumbling('1 hour'))
          .aggregate({ n: count() })
          .to(noop(), { mode: 'append' })
          .plan(),
      ).push(events).result;
    expect(run(before).watermarkMs).toBe(T0 - 9 * MINUTE);
    expect(run(after).watermarkMs).toBe(T0 + 30 * MINUTE);
    expect(run(after).counts).toMatchObject({ applied: 1, filtered: 1 });
  });

  test('complete mode emits the whole table each batch, knows no late rows and keeps all windows', () => {
    const plan = readings()
      .keyBy('device')
      .window(tumbling('1 hour'))
      .aggregate({ n: count() })
      .to(dynamodb('table'), { mode: 'complete' })
      .plan();
    const drive = new PassDrive(plan);
    drive.push([reading(5), reading(500)]);
    const { rows, result } = drive.push([reading(6)]);
    expect(result.counts).toMatchObject({ applied: 1, late: 0 });
    expect(rows[uid(plan, 'dynamodb-sink')]).toMatchObject([
      { windowStart: iso(0), n: 2 },
      { windowStart: iso(480), n: 1 },
    ]);
    expect(drive.push(['no json']).rows[uid(plan, 'dynamodb-sink')]).toHaveLength(2);
  });

  test('key groups go by the floor that they inherited', () => {
    const plan = both();
    const drive = new PassDrive(plan);
    const groupOf = (key: string) => hashOfKey(key)[0]!;
    const keys = Array.from({ length: 40 }, (_, index) => `device ${index}`);
    const low = keys.filter((key) => groupOf(key) < 128);
    drive.watermarkMs = T0;
    drive.floors = [
      { firstKeyGroup: 0, lastKeyGroup: 127, watermarkMs: T0 + 60 * MINUTE },
      { firstKeyGroup: 128, lastKeyGroup: 255, watermarkMs: null },
    ];
    const { result, late } = drive.push(keys.map((key) => reading(5, key)));
    expect(result.counts).toMatchObject({ late: low.length, applied: 40 - low.length });
    expect(late.map((row) => row['device'])).toEqual(low);
    drive.push(keys.map((key) => reading(62, key)));
    const append = plan.nodes.find(
      (node) => node.kind === 's3-sink' && node.inputs.length > 0,
    )!.uid;
    const closing = drive.push([reading(71, keys[0])]);
    expect(closing.rows[append]).toHaveLength(40 - low.length);
    drive.floors = [{ firstKeyGroup: 0, lastKeyGroup: 127, watermarkMs: T0 + 120 * MINUTE }];
    const part = drive.push([reading(72, keys.find((key) => groupOf(key) > 127)!)]);
    expect(part.rows[append]).toBeUndefined();
    expect(drive.state.rowCount()).toBe(40 - low.length);
  });
});

describe('bad records', () => {
  test('are set aside with bytes, position and reason, and their neighbours count', () => {
    const drive = new PassDrive(both());
    const bad: [unknown, string][] = [
      ['not json', 'not-json'],
      [{ at: T0, value: 1 }, 'key-missing'],
      [{ ...reading(1), device: { id: 1 } }, 'key-invalid'],
      [{ ...reading(1), value: '7' }, 'not-a-number'],
      ['{"at":1700000000000,"device":"a","value":1e999}', 'not-finite'],
      [reading(1, 'a', 1e200), 'out-of-range'],
      [reading(1, 'a', -1e-200), 'out-of-range'],
    ];
    const { dead, result, rows } = drive.push([
      reading(1),
      ...bad.map(([event]) => event),
      reading(2),
    ]);
    expect(dead.map(({ reason }) => reason)).toEqual(bad.map(([, reason]) => reason));
    expect(result.counts).toEqual({ dead: 7, late: 0, filtered: 0, applied: 2, lateRows: 0 });
    expect(Object.values(rows)[0]).toMatchObject([{ n: 2, total: 2 }]);
    expect(Buffer.from(String(dead[0]!['data']), 'base64').toString()).toBe('not json');
    expect(Object.keys(dead[0]!)).toEqual([
      'reason',
      'detail',
      'data',
      'shardId',
      'sequenceNumber',
      'subSequenceNumber',
      'arrivedAt',
    ]);
  });

  test('of another shard say what to do', () => {
    const drive = new PassDrive(both());
    const place = BigInt(`0x${Buffer.from(hashOfKey('a')).toString('hex')}`);
    drive.hashRange = { start: place, end: place };
    const { dead, result } = drive.push([reading(1, 'a'), reading(1, 'b')]);
    expect(result.counts).toMatchObject({ applied: 1, dead: 1 });
    expect(dead).toMatchObject([{ reason: 'wrong-shard' }]);
    expect(dead[0]!.detail).toContain('use it as the partition key, or re-key');
  });

  test('of another shard are found by a pipeline without state too', () => {
    const plan = pipeline('p')
      .from(kinesis<Reading>('r').partitionedBy('device'))
      .to(s3('rows'), { mode: 'append' })
      .plan();
    const drive = new PassDrive(plan);
    const place = BigInt(`0x${Buffer.from(hashOfKey('a')).toString('hex')}`);
    drive.hashRange = { start: place, end: place };
    expect(drive.push([reading(1, 'a'), reading(1, 'b')]).dead).toMatchObject([
      { reason: 'wrong-shard' },
    ]);
  });

  test('that user code throws at are undone wholly, rows of a flatMap included', () => {
    const plan = pipeline('p')
      .from(kinesis<{ at: number; device: string; words: string[] }>('r').partitionedBy('device'))
      .flatMap(({ at, device, words }) => words.map((word) => ({ at, device, word })))
      .filter(({ word }) => {
        if (word === 'bad') throw new TypeError('a bad word');
        return true;
      })
      .withWatermark('at', '10 minutes')
      .to(s3('words'), { mode: 'append' })
      .keyBy('device')
      .aggregate({ n: count(), last: last('word') })
      .to(dynamodb('table'), { mode: 'update' })
      .plan();
    const drive = new PassDrive(plan);
    const line = (device: string, ...words: string[]) => ({ at: T0, device, words });
    const clean = new PassDrive(plan).push([line('a', 'x'), line('a', 'z')]);
    const { result, rows, dead, delta } = drive.push([
      line('a', 'x'),
      line('a', 'y', 'bad'),
      { at: T0 + MINUTE, device: 'new', words: ['y', 'y', 'bad', 'y'] },
      line('a', 'z'),
    ]);
    expect(result.counts).toEqual({ dead: 2, late: 0, filtered: 0, applied: 2, lateRows: 0 });
    expect(rows).toEqual(clean.rows);
    expect(Buffer.from(delta).equals(Buffer.from(clean.delta))).toBe(true);
    expect(result.watermarkMs).toBe(T0 - 10 * MINUTE);
    expect(dead[0]).toMatchObject({ reason: 'operator-failed' });
    expect(dead[0]!.detail).toMatch(/operator 'filter-\w+' threw TypeError: a bad word/);
  });

  test('cost what good ones do', () => {
    const plan = pipeline('p')
      .from(kinesis<Reading>('r').partitionedBy('device'))
      .withWatermark('at', '10 minutes')
      .keyBy('device')
      .aggregate({
        all: aggregator({
          zero: () => 0,
          add: (total: number, event: Reading) => {
            if (event.value < 0) throw new Error('negative');
            return total + event.value;
          },
          merge: (left, right) => left + right,
          result: (total) => total,
        }),
      })
      .to(noop(), { mode: 'update' })
      .plan();
    const cpuMs = (badEvery: number) => {
      const drive = new PassDrive(plan);
      const events = Array.from({ length: 10_000 }, (_, index) =>
        reading(0, `device ${index % 100}`, index % badEvery === 0 ? -1 : 1),
      );
      drive.pass(events);
      const before = process.cpuUsage();
      const { result } = drive.pass(events);
      const { user, system } = process.cpuUsage(before);
      expect(result.counts.dead).toBe(Math.ceil(10_000 / badEvery));
      return (user + system) / 1_000;
    };
    const mostlyGood = cpuMs(10_000);
    expect(cpuMs(10)).toBeLessThan(mostlyGood * 10 + 200);
  });

  test('that are poison are set aside without running user code', () => {
    const plan = pipeline('p')
      .from(kinesis<Reading>('r'))
      .map((): Reading => {
        throw new Error('ran');
      })
      .to(s3('rows'), { mode: 'append' })
      .plan();
    const { dead } = new PassDrive(plan).push([reading(1)], { setAside: 'poison' });
    expect(dead).toMatchObject([{ reason: 'poison' }]);
  });

  test('whose row no sink can store are set aside, state and other sinks included', () => {
    const plan = pipeline('p')
      .from(kinesis<Reading>('r').partitionedBy('device'))
      .map((event) => ({ ...event, ratio: 1 / event.value }))
      .to(s3('first'), { mode: 'append' })
      .keyBy('device')
      .aggregate({ n: count() })
      .to(noop(), { mode: 'update' })
      .plan();
    const { dead, rows, result } = new PassDrive(plan).push([reading(1), reading(1, 'b', 0)]);
    expect(dead).toMatchObject([{ reason: 'not-storable' }]);
    expect(Object.values(rows)).toMatchObject([[{ ratio: 1 }]]);
    expect(result.counts).toMatchObject({ dead: 1, applied: 1 });
  });

  test('do not include result rows: one that no sink can store is set aside as JSON', () => {
    const plan = readings()
      .keyBy('device')
      .window(tumbling('1 hour'))
      .aggregate({
        product: aggregator({
          zero: () => 1,
          add: (product: number, event: Reading) => product * event.value,
          merge: (left, right) => left * right,
          result: (product) => product,
        }),
      })
      .to(dynamodb('t'), { mode: 'update' })
      .plan();
    const drive = new PassDrive(plan);
    const events = [reading(1, 'a', 1e100), reading(2, 'a', 1e100), reading(3, 'b')];
    const { dead, rows, result } = drive.push(events);
    expect(result.counts).toMatchObject({ applied: 3, dead: 0 });
    expect(Object.values(rows)[0]).toMatchObject([{ device: 'b' }]);
    expect(dead).toMatchObject([
      { reason: 'not-storable', sequenceNumber: result.lastPosition?.sequenceNumber },
    ]);
    expect(JSON.parse(Buffer.from(String(dead[0]!['data']), 'base64').toString())).toMatchObject({
      device: 'a',
      product: 1e200,
    });
  });

  test('asynchronous operators are refused record by record, an asynchronous schema at once', () => {
    const plan = pipeline('p')
      .from(kinesis<Reading>('r'))
      .filter((async () => true) as unknown as () => boolean)
      .to(s3('rows'), { mode: 'append' })
      .plan();
    expect(new PassDrive(plan).push([reading(1)]).dead[0]!.detail).toContain('asynchronous');
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: async (value: unknown) => ({ value }),
      },
    };
    const waiting = pipeline('p')
      .from(kinesis('r', { schema }))
      .to(s3('rows'), { mode: 'append' })
      .plan();
    expect(() => new PassDrive(waiting).push([reading(1)])).toThrow(EngineError);
  });
});

describe('a schema', () => {
  const schema = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) => {
        const { n } = value as { n: unknown };
        return typeof n === 'number'
          ? { value: { n: n + 1 } }
          : { issues: [{ message: `secret ${String(n)}`, path: ['deep', { key: 'n' }] }] };
      },
    },
  };
  const plan = pipeline('p')
    .from(kinesis('r', { schema }))
    .to(s3('rows'), { mode: 'append' })
    .plan();

  test('gives the event its output, and names the place of an objection but not the value', () => {
    const { rows, dead } = new PassDrive(plan).push([{ n: 1 }, { n: 'secret' }]);
    expect(Object.values(rows)[0]).toEqual([{ n: 2 }]);
    expect(dead).toMatchObject([{ reason: 'schema' }]);
    expect(dead[0]!.detail).toContain("'deep.n'");
    expect(dead[0]!.detail).not.toContain('secret');
  });
});

describe('aggregates', () => {
  type Value = { device: string; v?: number | string | null };
  const run = (values: readonly Value['v'][]) => {
    const plan = pipeline('p')
      .from(kinesis<{ device: string; v: number }>('r').partitionedBy('device'))
      .keyBy('device')
      .aggregate({
        rows: count(),
        values: count('v'),
        least: min('v'),
        greatest: max('v'),
        head: first('v'),
        tail: last('v'),
      })
      .to(dynamodb('t'), { mode: 'update' })
      .plan();
    return Object.values(
      new PassDrive(plan).push(values.map((v) => ({ device: 'a', v }))).rows,
    )[0]![0]!;
  };

  test('ignore nulls, and are null over nothing', () => {
    expect(run([null, undefined])).toEqual({
      device: 'a',
      rows: 2,
      values: 0,
      least: null,
      greatest: null,
      head: null,
      tail: null,
    });
    expect(run([null, 3, 1, 2, null])).toEqual({
      device: 'a',
      rows: 5,
      values: 3,
      least: 1,
      greatest: 3,
      head: 3,
      tail: 2,
    });
  });

  test('order texts by code point', () => {
    expect(run(['\u{1d11e}', '\uffee', 'z', ''])).toMatchObject({
      least: '',
      greatest: '\u{1d11e}',
    });
  });

  test('share columns and give sum, mean and sample deviation in order of arrival', () => {
    const plan = readings()
      .keyBy('device')
      .window(tumbling('1 hour'))
      .aggregate({ total: sum('value'), mean: avg('value'), spread: stddev('value') })
      .to(dynamodb('t'), { mode: 'update' })
      .plan();
    const values = [0.1, 0.2, 0.3, 1e16, 1, -1e16];
    const drive = new PassDrive(plan);
    drive.push(values.slice(0, 2).map((value) => reading(1, 'a', value)));
    const { rows } = drive.push(values.slice(2).map((value) => reading(1, 'a', value)));
    const total = values.reduce((sumSoFar, value) => sumSoFar + value);
    expect(Object.values(rows)[0]).toMatchObject([{ total, mean: total / 6 }]);
    expect(new PassDrive(plan).push([reading(1)]).rows).toMatchObject({
      [uid(plan, 'dynamodb-sink')]: [{ spread: null }],
    });
  });

  test('add decimals exactly, from numbers and texts', () => {
    const plan = pipeline('p')
      .from(kinesis<{ k: string; v: number | string }>('r').partitionedBy('k'))
      .keyBy('k')
      .aggregate({ total: sum(decimal('v', { scale: 2 })), mean: avg(decimal('v', { scale: 2 })) })
      .to(dynamodb('t'), { mode: 'update' })
      .plan();
    const drive = new PassDrive(plan);
    const push = (...values: (number | string)[]) => drive.push(values.map((v) => ({ k: 'a', v })));
    expect(Object.values(push(0.1, 0.2, '0.70').rows)[0]).toEqual([
      { k: 'a', total: 1, mean: 0.333333 },
    ]);
    push('90071992547409.93', '90071992547409.93');
    const { result } = push('0.01');
    const line = Buffer.from(result.outputs[0]!.bytes).toString();
    expect(line).toContain('"total":{"N":"180143985094820.87"}');
    expect(push(0.001).dead).toMatchObject([{ reason: 'not-a-number' }]);
  });

  test('of the user run on copies, and what is no JSON is set aside', () => {
    const plan = pipeline('p')
      .from(kinesis<Reading>('r').partitionedBy('device'))
      .keyBy('device')
      .aggregate({
        seen: aggregator({
          zero: () => ({ values: [] as number[] }),
          add: (kept: { values: number[] }, event: Reading) => {
            kept.values.push(event.value);
            if (event.value === 13) throw new Error('unlucky');
            if (event.value === 14) return { values: [Number.NaN] };
            return kept;
          },
          merge: (left, right) => ({ values: [...left.values, ...right.values] }),
          result: (kept) => kept.values.join(),
        }),
      })
      .to(dynamodb('t'), { mode: 'update' })
      .plan();
    const drive = new PassDrive(plan);
    const values = (...all: number[]) => all.map((value) => reading(0, 'a', value));
    drive.push(values(1));
    const { rows, dead } = drive.pass(values(2, 13, 14, 3));
    expect(Object.values(rows)[0]).toMatchObject([{ seen: '1,2,3' }]);
    expect(dead.map(({ reason }) => reason)).toEqual(['operator-failed', 'operator-failed']);
    expect(Object.values(drive.push(values(4)).rows)[0]).toMatchObject([{ seen: '1,4' }]);
  });

  test('reduce keeps one row, named by key and window', () => {
    const plan = readings()
      .keyBy('device')
      .window(tumbling('1 hour'))
      .reduce((left, right) => (right.value > left.value ? right : left))
      .to(dynamodb('t'), { mode: 'update' })
      .plan();
    const { rows } = new PassDrive(plan).push([
      reading(1, 'a', 1),
      reading(2, 'a', 5),
      reading(3, 'a', 3),
    ]);
    expect(Object.values(rows)[0]).toEqual([
      { device: 'a', windowStart: iso(0), windowEnd: iso(60), at: T0 + 2 * MINUTE, value: 5 },
    ]);
  });
});

describe('sliding windows', () => {
  const sliding3 = (mode: 'append' | 'update') =>
    readings()
      .keyBy('device')
      .window(sliding('30 minutes', '10 minutes'))
      .aggregate({ n: count(), total: sum('value'), worst: max('value'), spread: stddev('value') })
      .onLate(s3('late'))
      .to(mode === 'append' ? s3('rows') : (dynamodb('t') as never), { mode } as never)
      .plan();

  test('add a row once and emit every window that it is part of', () => {
    const plan = sliding3('append');
    const drive = new PassDrive(plan);
    drive.push([reading(5, 'a', 2), reading(15, 'a', 4)]);
    expect(drive.state.rowCount()).toBe(2);
    const { rows } = drive.push([reading(70, 'b')]);
    const ends = [...new Set(Object.values(rows)[0]!.map((row) => row['windowEnd']))];
    expect(ends).toEqual([iso(10), iso(20), iso(30), iso(40)]);
    expect(Object.values(rows)[0]).toMatchObject([
      { n: 1, total: 2 },
      { n: 2, total: 6, worst: 4, spread: Math.SQRT2 },
      { n: 2 },
      { n: 1, total: 4 },
    ]);
    expect(drive.state.rowCount()).toBe(1);
  });

  test('count a row late for some windows, and send one late for all to the late sink', () => {
    const drive = new PassDrive(sliding3('append'));
    drive.push([reading(35)]);
    const partly = drive.push([reading(2)]);
    expect(partly.result.counts).toEqual({
      dead: 0,
      late: 0,
      filtered: 0,
      applied: 1,
      lateRows: 1,
    });
    const wholly = drive.push([reading(-8)]);
    expect(wholly.result.counts).toMatchObject({ late: 1, applied: 0 });
    expect(wholly.late).toEqual([reading(-8)]);
  });

  test('in update mode emit each open window that was touched', () => {
    const drive = new PassDrive(sliding3('update'));
    drive.push([reading(5), reading(35)]);
    const { rows } = drive.push([reading(15), reading(2)]);
    expect(Object.values(rows)[0]!.map((row) => [row['windowEnd'], row['n']])).toEqual([
      [iso(30), 3],
      [iso(40), 2],
    ]);
  });

  test('keep the order of arrival where it matters', () => {
    const plan = readings()
      .keyBy('device')
      .window(sliding('30 minutes', '10 minutes'))
      .aggregate({ head: first('value'), tail: last('value') })
      .to(dynamodb('t'), { mode: 'update' })
      .plan();
    const { rows } = new PassDrive(plan).push([
      reading(15, 'a', 1),
      reading(5, 'a', 2),
      reading(25, 'a', 3),
    ]);
    expect(Object.values(rows)[0]!.find((row) => row['windowEnd'] === iso(30))).toMatchObject({
      head: 1,
      tail: 3,
    });
  });
});

describe('keys', () => {
  test('that look alike are kept apart, and come back as they were', () => {
    const plan = pipeline('p')
      .from(kinesis<{ k: string | number | boolean | null }>('r').partitionedBy('k'))
      .keyBy('k')
      .aggregate({ n: count() })
      .to(dynamodb('t'), { mode: 'update' })
      .plan();
    const keys = [
      '1',
      1,
      'null',
      null,
      'true',
      true,
      '',
      '__proto__',
      'constructor',
      'é',
      'e\u0301',
      '\u0000',
      '\u00001',
      '1.0',
      -0.5,
    ];
    const drive = new PassDrive(plan);
    const { rows, result } = drive.push(keys.map((k) => ({ k })));
    expect(Object.values(rows)[0]!.map((row) => row['k'])).toEqual(keys);
    expect(result.counts.applied).toBe(keys.length);
    const again = drive.push(keys.map((k) => ({ k })));
    expect(Object.values(again.rows)[0]!.every((row) => row['n'] === 2)).toBe(true);
  });

  test('of several fields live where the partition key says', () => {
    const plan = pipeline('p')
      .from(kinesis<{ a: string; b: number }>('r').partitionedBy('a'))
      .keyBy('b', 'a')
      .aggregate({ n: count() })
      .to(dynamodb('t'), { mode: 'update' })
      .plan();
    const drive = new PassDrive(plan);
    const place = BigInt(`0x${Buffer.from(hashOfKey('x')).toString('hex')}`);
    drive.hashRange = { start: place, end: place };
    const { rows, dead } = drive.push([
      { a: 'x', b: 1 },
      { a: 'x', b: 2 },
      { a: 'y', b: 1 },
    ]);
    expect(Object.values(rows)[0]).toEqual([
      { b: 1, a: 'x', n: 1 },
      { b: 2, a: 'x', n: 1 },
    ]);
    expect(dead).toMatchObject([{ reason: 'wrong-shard' }]);
  });
});

test('the same batch over the same state gives the same bytes in every sandbox', () => {
  const plan = both();
  const warm = new PassDrive(plan);
  const devices = Array.from({ length: 500 }, (_, index) => `device ${index}`);
  warm.push(devices.map((device, index) => reading(index / 50, device, index)));
  warm.pass(devices.toReversed().map((device) => reading(20, `other ${device}`)));
  const cold = new PassDrive(plan);
  cold.state = KeyedState.fromSegments(warm.state.encodeSegments().map(({ bytes }) => bytes));
  cold.watermarkMs = warm.watermarkMs;
  const events = devices.map((device) => reading(80, device, 0.5));
  const inputs = { outputName: 'same' };
  const [first, second] = [warm.pass(events, inputs), cold.pass(events, inputs)];
  expect(second.result.outputs).toEqual(first.result.outputs);
  expect(Buffer.from(second.delta).equals(Buffer.from(first.delta))).toBe(true);
});

test('the digest covers every byte and position, and only of the records taken', () => {
  const plan = both();
  const digest = (...events: unknown[]) => new PassDrive(plan).pass(events).result.inputDigest;
  expect(digest(reading(1), reading(2))).toBe(digest(reading(1), reading(2)));
  expect(digest(reading(1), reading(2))).not.toBe(digest(reading(1), reading(3)));
  expect(digest(reading(1))).not.toBe(digest(reading(1), reading(2)));
  expect(digest('{"a":1,\n2}')).not.toBe(digest('{"a":1', '2}'));
});
