import { describe, expect, test } from 'vitest';
import {
  decodeAttempt,
  decodeCommitItem,
  decodePointer,
  encodeCommitItem,
  type Item,
} from '../../../lib/adapters/aws/commit-item.ts';
import { asArrivalTimeMs, asBatchNumber, asCommitId, asLogId } from '../../../lib/model/ids.ts';
import { HEADER_BYTES_MAX, SHARED_HEADER_BYTES_MAX } from '../../../lib/model/limits.ts';
import { aHeader, aPosition } from '../../support/headers.ts';

const full = aHeader({
  batchNumber: asBatchNumber(1_234_567),
  ringSize: 1_024,
  previousCommitId: asCommitId('AAAAAAAAAAAAAAAAAAAAA0'),
  watermarkMs: -600_000,
  snapshot: { batchNumber: asBatchNumber(1_234_300), fold: asCommitId('BBBBBBBBBBBBBBBBBBBBBB') },
  gap: { kind: 'lost', after: aPosition(1), before: aPosition(2, 4) },
});

describe('a commit as an item', () => {
  test('comes back as it was, inline', () => {
    const commit = { header: full, body: { kind: 'inline' as const, bytes: Uint8Array.of(1, 2) } };
    expect(decodeCommitItem(encodeCommitItem(commit))).toEqual(commit);
  });

  test('comes back as it was, spilled', () => {
    const object = { key: 'bodies/x', byteLength: 400_000, sha256: 'e'.repeat(64) };
    const commit = { header: aHeader(), body: { kind: 'spilled' as const, object } };
    expect(decodeCommitItem(encodeCommitItem(commit))).toEqual(commit);
  });

  test('has a header of at most 640 bytes with the longest names and numbers', () => {
    const pipeline = 'p'.repeat(40);
    const source = 's'.repeat(40);
    const header = aHeader({
      ...full,
      gap: null,
      log: asLogId(`${pipeline}/1/${source}/shardId-000000000000`),
      positions: { [`${source}/shardId-000000000000`]: aPosition(9, 99) },
      counts: {
        in: 10_000,
        duplicate: 1_000,
        dead: 1_000,
        late: 1_000,
        filtered: 1_000,
        applied: 6_000,
        lateRows: 1_000,
      },
    });
    const item = encodeCommitItem({ header, body: { kind: 'inline', bytes: new Uint8Array() } });
    expect(sizeOf(item)).toBeLessThanOrEqual(HEADER_BYTES_MAX);
  });

  test('has some six kilobytes of header where fifty shards share a log', () => {
    const shards = Array.from(
      { length: 50 },
      (_, index) => `${'s'.repeat(40)}/shardId-${String(index).padStart(12, '0')}`,
    );
    const arrivedAtMs = asArrivalTimeMs(1_700_000_000_000);
    const positions = shards.map((shard) => [shard, { ...aPosition(9, 99), arrivedAtMs }]);
    const header = aHeader({ ...full, gap: null, positions: Object.fromEntries(positions) });
    const item = encodeCommitItem({ header, body: { kind: 'inline', bytes: new Uint8Array() } });
    expect(sizeOf(item)).toBeLessThanOrEqual(SHARED_HEADER_BYTES_MAX);
    expect(decodeCommitItem(item).header.positions).toEqual(header.positions);
  });

  test('that lacks an attribute is a data error that names it', () => {
    const { plan: _, ...item } = encodeCommitItem({
      header: full,
      body: { kind: 'inline', bytes: new Uint8Array() },
    });
    expect(() => decodeCommitItem(item)).toThrow(/lacks attribute plan/);
  });
});

describe('an item that no writer wrote is a data error:', () => {
  const item = encodeCommitItem({
    header: full,
    body: { kind: 'inline', bytes: new Uint8Array() },
  });
  const { body: _, ...bodiless } = item;
  test.each<[string, Item]>([
    ['a batch number that is none', { ...item, n: { N: '0.5' } }],
    ['a batch in the slot of another', { ...item, sk: { N: '3' } }],
    ['a ring without slots', { ...item, r: { N: '0' } }],
    ['a position that is no number', { ...item, from: { S: 'x:0' } }],
    [
      'a position with an arrival that is no number',
      { ...item, pos: { M: { 'a/b': { S: '1:0:x' } } } },
    ],
    ['positions without a number', { ...item, pos: { M: { 'a/b': { S: '1' } } } }],
    ['no positions at all', { ...item, pos: { L: [] } }],
    ['a floor that never ends', { ...item, fl: { S: '[[-9007199254740991,255,null]]' } }],
    ['a floor that ends before it begins', { ...item, fl: { S: '[[9,8,null]]' } }],
    ['floors that are no JSON', { ...item, fl: { S: '[' } }],
    ['too few counts', { ...item, cnt: { L: [{ N: '1' }] } }],
    ['half of an arrival', { ...item, arr: { L: [{ N: '1' }] } }],
    ['a checkpoint without a fold', { ...item, snap: { S: '12' } }],
    ['a gap of no kind', { ...item, gap: { S: '{}' } }],
    ['a body in another type', { ...bodiless, body: { S: 'body' } }],
    ['a reference that is none', { ...bodiless, ref: { S: '{"key":"x"}' } }],
    ['a reference that is no JSON', { ...bodiless, ref: { S: '{' } }],
  ])('%s', (_name, stored) => {
    expect(() => decodeCommitItem(stored)).toThrow(expect.objectContaining({ kind: 'data' }));
  });

  test.each<[string, Item]>([
    ['a pointer that is no JSON', { ptr: { S: '{' } }],
    ['a pointer to nothing', { ptr: { S: 'null' } }],
    ['a pointer without its newest checkpoint', { ptr: { S: '{"newest":null,"previous":null}' } }],
    ['a pointer in another type', { ptr: { N: '1' } }],
  ])('%s', (_name, stored) => {
    expect(() => decodePointer(stored)).toThrow(expect.objectContaining({ kind: 'data' }));
  });

  test('a note that counts in no number', () => {
    const note = { head: 1, first: '1:0', attempts: 'many', pending: null };
    expect(() => decodeAttempt({ att: { S: JSON.stringify(note) } })).toThrow(
      expect.objectContaining({ kind: 'data' }),
    );
  });

  test('an item without pointer and note has none', () => {
    expect([decodePointer({}), decodeAttempt({})]).toEqual([null, null]);
  });
});

/** Item size as DynamoDB counts it: names and values in UTF-8, numbers two digits a byte plus one. */
function sizeOf(item: Item): number {
  const valueSize = (value: Item[string]): number => {
    if (value.S !== undefined) return Buffer.byteLength(value.S);
    if (value.N !== undefined) return Math.ceil(value.N.replace(/[-.]/g, '').length / 2) + 2;
    if (value.B !== undefined) return value.B.length;
    if (value.L !== undefined) return value.L.reduce((sum, entry) => sum + 1 + valueSize(entry), 3);
    return (
      3 +
      Object.entries(value.M ?? {}).reduce(
        (sum, [name, entry]) => sum + 1 + Buffer.byteLength(name) + valueSize(entry),
        0,
      )
    );
  };
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value),
    0,
  );
}
