import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DeduplicateNode } from '../../../lib/plan/plan.ts';
import { PassDrive } from '../../support/passes.ts';
import {
  failing,
  keyOf,
  type Link,
  restart,
  stateCounts,
  straightPlan,
  watermark,
} from '../../support/straight-plan.ts';

type Forget = DeduplicateNode['forget'];

const dedup = (forget: Forget, ...fields: string[]): Link => ({
  kind: 'deduplicate',
  uid: 'dedup',
  key: keyOf(...(fields.length === 0 ? ['k'] : fields)),
  forget,
});
const drive = (...links: Link[]) => new PassDrive(straightPlan(...links));
const kept = (passes: PassDrive, ...links: Link[]) =>
  stateCounts(straightPlan(...links), passes)[0];
const row = (k: unknown, at: number) => ({ k, at });

describe('the first row of each key, kept for ever', () => {
  test('passes, also where the key is null, empty or an odd name', () => {
    const passes = drive(dedup('never'));
    const keys = [null, '', '__proto__', 1, '1', false, 'é', 'e\u0301'];
    const first = passes.push([...keys, ...keys].map((k, n) => ({ k, n })));
    expect(first.rows['out']).toEqual(keys.map((k, n) => ({ k, n })));
    expect(first.result.counts).toMatchObject({ applied: 8, filtered: 8, late: 0 });
    restart(passes);
    const second = passes.push([...keys, 'new'].map((k) => ({ k })));
    expect(second.rows['out']).toEqual([{ k: 'new' }]);
    expect(passes.state.rowCount()).toBe(9);
  });

  test('several fields make one key', () => {
    const answer = drive(dedup('never', 'a', 'b')).push([
      { a: 1, b: 2 },
      { a: 2, b: 1 },
      { a: 1, b: 2 },
    ]);
    expect(answer.rows['out']).toEqual([
      { a: 1, b: 2 },
      { a: 2, b: 1 },
    ]);
  });

  test('is late at or before the watermark of the batch before, where one is declared', () => {
    const passes = drive(watermark(10), dedup('never'));
    passes.push([row('a', 100)]);
    const answer = passes.push([row('b', 90), row('c', 91), row('a', 80), row('a', 95)]);
    expect(answer.rows['out']).toEqual([row('c', 91)]);
    expect(answer.result.counts).toMatchObject({ applied: 1, late: 2, filtered: 1, lateRows: 0 });
    expect(passes.state.rowCount()).toBe(2);
  });

  test('a row that fails behind it leaves its key unknown', () => {
    const answer = drive(dedup('never'), failing).push([
      { k: 'a', fail: true },
      { k: 'a', n: 1 },
      { k: 'a', n: 2 },
    ]);
    expect(answer.rows['out']).toEqual([{ k: 'a', n: 1 }]);
    expect(answer.dead).toHaveLength(1);
  });

  test('a row without its key is a dead letter', () => {
    expect(drive(dedup('never')).push([{}]).dead).toMatchObject([{ reason: 'key-missing' }]);
  });
});

describe('a key that holds the event time', () => {
  test('is forgotten when the watermark is there, and rows of that time are late', () => {
    const links = [watermark(10), dedup('time', 'k', 'at')];
    const passes = drive(...links);
    const first = passes.push([row('a', 20), row('a', 20), row('b', 20), row('a', 21)]);
    expect(first.rows['out']).toEqual([row('a', 20), row('b', 20), row('a', 21)]);
    expect(kept(passes, ...links)).toBe(3);
    passes.push([row('a', 30), row('a', 21)]);
    expect([kept(passes, ...links), passes.watermarkMs]).toEqual([2, 20]);
    const third = passes.push([row('b', 20), row('b', 21)]);
    expect(third.rows['out']).toEqual([row('b', 21)]);
    expect(third.result.counts).toMatchObject({ applied: 1, late: 1 });
  });

  test('leaves the state by whole stretches of time, with no key in the delta', () => {
    const links = [watermark(0), dedup('time', 'k', 'at')];
    const passes = drive(...links);
    passes.push(['a', 'b', 'c'].map((k) => row(k, 10_000)));
    passes.push([row('d', 29_999)]);
    expect([passes.state.rowCount(), kept(passes, ...links)]).toEqual([4, 0]);
    const { delta } = passes.push([row('e', 30_000)]);
    expect(passes.state.rowCount()).toBe(1);
    expect(Buffer.from(delta).includes('"a"')).toBe(false);
  });

  test('goes by the watermark of its own key group', () => {
    const passes = drive(watermark(0), dedup('time', 'k', 'at'));
    passes.push(KEYS.map((k) => row(k, 30_000)));
    passes.floors = [{ firstKeyGroup: 0, lastKeyGroup: 127, watermarkMs: 60_000 }];
    passes.watermarkMs = 0;
    const { result } = passes.push(KEYS.map((k) => row(k, 30_000)));
    // The others are known, and not late: the log itself stood at 0 before.
    expect(result.counts).toMatchObject({ applied: 0, late: 20, filtered: 20 });
    expect(passes.state.rowCount()).toBe(20);
  });
});

describe('a key that is forgotten a time after its first row', () => {
  test('drops repeats until the watermark is there, then begins anew', () => {
    const links = [watermark(10), dedup(10)];
    const passes = drive(...links);
    expect(passes.push([row('a', 20), row('a', 25)]).rows['out']).toEqual([row('a', 20)]);
    // The watermark stands at 25 from here on, but was 15 when these rows came.
    expect(passes.push([row('a', 35), row('b', 35)]).rows['out']).toEqual([row('b', 35)]);
    expect(kept(passes, ...links)).toBe(2);
    passes.push([row('c', 40)]);
    expect([kept(passes, ...links), passes.watermarkMs]).toEqual([2, 30]);
    const answer = passes.push([row('a', 30), row('a', 31), row('a', 32)]);
    expect(answer.rows['out']).toEqual([row('a', 31)]);
    expect(answer.result.counts).toMatchObject({ applied: 1, late: 1, filtered: 1 });
  });

  test('is found among all that may live, over several stretches and after a restart', () => {
    const passes = drive(watermark(40_000), dedup(40_000));
    const rows = Array.from({ length: 40 }, (_, n) => row(`k${n}`, 1_000 * (n + 1)));
    for (const each of rows) {
      passes.push([each]);
      restart(passes);
    }
    expect(passes.push(rows).result.counts).toMatchObject({ applied: 0, filtered: 40 });
    passes.push([row('far', 1_000_000)]);
    expect(passes.state.rowCount()).toBe(1);
  });

  test('still counts when the time was changed meanwhile', () => {
    const before = drive(watermark(100), dedup(80_000));
    before.push([row('a', 1_000), row('b', 70_000)]);
    const after = drive(watermark(100), dedup(8_000));
    after.state = before.state;
    after.watermarkMs = before.watermarkMs;
    const answer = after.push([row('a', 79_000), row('b', 79_000), row('c', 79_000)]);
    expect(answer.rows['out']).toEqual([row('c', 79_000)]);
    expect(after.push([row('c', 95_000)]).rows['out']).toBeUndefined();
    expect(after.push([row('a', 95_100), row('b', 95_100)]).rows['out']).toEqual([
      row('a', 95_100),
    ]);
  });
});

describe('event time is needed to forget by it', () => {
  test.each<Forget>(['time', 5])('none declared, forget %s', (forget) => {
    expect(() => drive(dedup(forget))).toThrow(/declare a watermark/);
  });

  test.each<Forget>(['time', 5])('none of the row, forget %s', (forget) => {
    const copies: Link = {
      kind: 'transform-batch',
      uid: 'copies',
      apply: (rows: object[]) => rows.map((each) => ({ ...each })),
    };
    const answer = drive(watermark(0), copies, dedup(forget)).push([row('a', 1)]);
    expect(answer.dead).toMatchObject([{ reason: 'event-time-missing' }]);
  });
});

test('state that was kept another way is refused', () => {
  const before = drive(watermark(0), dedup('never'));
  before.push([row('a', 1)]);
  for (const forget of ['time', 5] as const) {
    const after = drive(watermark(0), dedup(forget));
    after.state = before.state;
    expect(() => after.push([row('a', 2)])).toThrow(/its state was written for/);
  }
});

/** 40 keys of rows at 30,000: 20 in the lower half of the ring, 20 in the upper one. */
const CANDIDATES = Array.from({ length: 200 }, (_, n) => `key-${n}`);
const KEYS = [false, true].flatMap((half) =>
  CANDIDATES.filter((k) => isUpper(k) === half).slice(0, 20),
);

function isUpper(k: string): boolean {
  return (
    createHash('md5')
      .update(JSON.stringify([k, 30_000]))
      .digest()[0]! >= 128
  );
}
