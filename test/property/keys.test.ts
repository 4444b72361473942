import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchNumberOfKey, logIdOf, objectKeys } from '../../lib/contract/keys.ts';
import { asBatchNumber, asCommitId } from '../../lib/model/ids.ts';
import { createPartitioner, encodeObjects } from '../../lib/operators/sinks/object-rows.ts';
import { EVENT_TIME_MS_MAX, EVENT_TIME_MS_MIN } from '../../lib/time/event-time.ts';
import { cases } from './cases.ts';

/** Any text that has UTF-8 bytes, and often one that looks like a separator. */
const part = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
  fc.constantFrom('/', '%2F', '%', 'a/b', 'a%2Fb', '..', '.', ' ', 'é', '#', '?', '0', '-1'),
);
const parts = fc.record({ pipeline: part, stage: part, source: part, shard: part });
const log = parts.map(logIdOf);
const id = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/).map(asCommitId);
const batchNumber = fc.integer({ min: 1, max: 999_999_999_999 }).map(asBatchNumber);
const index = fc.nat(10_000);
/** Characters that S3 takes in keys without being encoded ("Object key naming guidelines"), and `%`. */
const SAFE = /^[A-Za-z0-9!_.*'()~%/-]+$/;

describe('the id of a log', () => {
  test('is read back as its parts, is ASCII, and no two logs share one', () => {
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        const [mine, other] = [logIdOf(left), logIdOf(right)];
        expect(mine).toMatch(SAFE);
        const { pipeline, stage, source, shard } = left;
        expect(mine.split('/').map(decodeURIComponent)).toEqual([pipeline, stage, source, shard]);
        expect(mine === other).toBe(JSON.stringify(left) === JSON.stringify(right));
      }),
      cases(10_000),
    );
  });

  test('differs where pipeline or shard differs, wherever a text is cut between them', () => {
    fc.assert(
      fc.property(part, part, part, (left, middle, right) => {
        const of = (pipeline: string, shard: string) =>
          logIdOf({ pipeline, stage: '1', source: 's', shard });
        expect(of(left + middle, right)).not.toBe(of(left, middle + right));
      }),
      cases(),
    );
  });
});

/** Every object that the engine names, as it names it and with what it can be told by. */
const named = fc
  .record({
    kind: fc.constantFrom('body', 'staged', 'segment', 'manifest', 'lineage'),
    log,
    first: batchNumber,
    last: batchNumber,
    id,
    index,
  })
  .map(({ kind, ...at }) => {
    const { log, first, last, id, index } = at;
    switch (kind) {
      case 'body':
        return { key: objectKeys.body(log, first, id), identity: [kind, log, first, id] };
      case 'staged':
        return {
          key: objectKeys.staged(log, first, id, index),
          identity: [kind, log, first, id, index],
        };
      case 'segment':
        return { key: objectKeys.segment(log, id, index), identity: [kind, log, id, index] };
      case 'manifest':
        return { key: objectKeys.manifest(log, first, id), identity: [kind, log, first, id] };
      default:
        return {
          key: objectKeys.lineage(log, first, last, id),
          identity: [kind, log, first, last, id],
        };
    }
  });

/** The parts of a key, from its end, where nothing but the log before them may hold a separator. */
function identityOf(key: string): readonly unknown[] {
  const [folder, ...path] = key.split('/');
  const [file, logPath] = [path.pop()!, path.join('/')];
  const forms: Readonly<Record<string, readonly [string, RegExp]>> = {
    bodies: ['body', /^(\d{12})-(.{22})$/],
    staged: ['staged', /^(\d{12})-(.{22})-(\d+)$/],
    segments: ['segment', /^(.{22})-(\d+)$/],
    manifests: ['manifest', /^(\d{12})-(.{22})\.json$/],
    lineage: ['lineage', /^(\d{12})-(\d{12})-(.{22})\.json$/],
  };
  const [kind, form] = forms[folder!]!;
  const found = form.exec(file)!.slice(1);
  return [kind, logPath, ...found.map((each) => (each.length === 22 ? each : Number(each)))];
}

describe('keys of the checkpoint bucket', () => {
  test('say what they name, are safe characters, and fit', () => {
    fc.assert(
      fc.property(named, ({ key, identity }) => {
        expect(identityOf(key)).toEqual(identity);
        expect(key).toMatch(SAFE);
        expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1_024);
      }),
      cases(5_000),
    );
  });

  test('of two objects are two', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(named, { selector: ({ identity }) => identity.join('\n'), maxLength: 20 }),
        (all) => {
          expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
        },
      ),
      cases(),
    );
  });

  test('of bodies and staged rows give back their batch number, and a listing is in its order', () => {
    fc.assert(
      fc.property(log, batchNumber, batchNumber, id, index, (at, left, right, commitId, i) => {
        const keys = [left, right].map((n) => objectKeys.staged(at, n, commitId, i));
        expect(keys.map(batchNumberOfKey)).toEqual([left, right]);
        expect(batchNumberOfKey(objectKeys.body(at, left, commitId))).toBe(left);
        expect(keys[0]! < keys[1]!).toBe(left < right);
      }),
      cases(),
    );
  });
});

describe('keys of output objects', () => {
  const time = fc.integer({ min: EVENT_TIME_MS_MIN, max: EVENT_TIME_MS_MAX });

  test('name the day and hour of their rows in UTC, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 6 }), (times) => {
        const [byDay, byHour] = [createPartitioner('day'), createPartitioner('hour')];
        for (const at of times) {
          const iso = new Date(at).toISOString();
          expect(byDay(at)).toBe(`dt=${iso.slice(0, 10)}/`);
          const [, day, hour] = /^dt=(\d{4}-\d\d-\d\d)\/hh=(\d\d)\/$/.exec(byHour(at))!;
          expect(Date.parse(`${day}T${hour}:00:00.000Z`)).toBe(
            Math.floor(at / 3_600_000) * 3_600_000,
          );
        }
      }),
      cases(),
    );
  });

  test('divide rows without losing, doubling or mixing any', () => {
    const rows = fc.array(fc.tuple(fc.nat(99).map(String), time), { maxLength: 12 });
    const partitionBy = fc.constantFrom('day' as const, 'hour' as const, 'none' as const);
    fc.assert(
      fc.property(rows, partitionBy, (all, by) => {
        const lines = all.map(([line]) => line);
        const place = { prefix: 'rows/x/', partitionBy: by, outputName: 'inc-shard-7' };
        const objects = encodeObjects({ lines, timesMs: all.map(([, at]) => at) }, place);
        expect(new Set(objects.map(({ key }) => key)).size).toBe(objects.length);
        const partition = createPartitioner(by);
        for (const [place, { key, rowCount, bytes }] of objects.entries()) {
          const end = `inc-shard-7-${place}.ndjson`;
          const mine = all.filter(([, at]) => `rows/x/${partition(at)}${end}` === key);
          expect(String(Buffer.from(bytes)).split('\n').slice(0, -1)).toEqual(
            mine.map(([line]) => line),
          );
          expect(rowCount).toBe(mine.length);
        }
        expect(objects.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(all.length);
      }),
      cases(),
    );
  });

  test('of two batches, shards or incarnations are two', () => {
    const output = fc.record({
      incarnation: fc.stringMatching(/^[0-9a-f]{16}$/),
      shard: fc.nat(999).map((n) => `shardId-${String(n).padStart(12, '0')}`),
      n: batchNumber,
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(output, { selector: (each) => JSON.stringify(each), maxLength: 8 }),
        (all) => {
          const keys = all.map(({ incarnation, shard, n }) => {
            const outputName = `${incarnation}-${shard}-${n}`;
            const place = { prefix: '', partitionBy: 'none' as const, outputName };
            return encodeObjects({ lines: ['1'], timesMs: [0] }, place)[0]!.key;
          });
          expect(new Set(keys).size).toBe(all.length);
        },
      ),
      cases(),
    );
  });
});
