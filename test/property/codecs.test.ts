import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeAttempt,
  decodeCommitItem,
  decodePointer,
  encodeCommitItem,
} from '../../lib/adapters/aws/commit-item.ts';
import { encodeDeadLetter } from '../../lib/decoding/dead-letter.ts';
import type {
  CommitHeader,
  ObjectReference,
  OutboxEntry,
  WatermarkFloor,
} from '../../lib/model/commit.ts';
import { asLogId } from '../../lib/model/ids.ts';
import type { Position } from '../../lib/model/record.ts';
import { createKeyReader } from '../../lib/operators/key.ts';
import { encodeLines } from '../../lib/operators/sinks/text.ts';
import { decodeCommitBody, encodeCommitBody } from '../../lib/runtime/commit-body.ts';
import { describeBatch, encodeLineage } from '../../lib/runtime/lineage.ts';
import { decodeManifest, encodeManifest, type Manifest } from '../../lib/runtime/manifest.ts';
import { ByteReader, ByteWriter } from '../../lib/state/codec.ts';
import { KeyDictionary } from '../../lib/state/key-dictionary.ts';
import { decodeValueColumn, encodeValueColumn } from '../../lib/state/value-column.ts';
import { aHeader } from '../support/headers.ts';
import { aPass } from '../support/passes.ts';
import { cases } from './cases.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const name = text.filter((each) => each !== '');
const whole = fc.maxSafeInteger();
const natural = fc.oneof(fc.nat(10_000), fc.maxSafeNat());
const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const id = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/);
const orNull = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: null });

const position = fc.record({
  sequenceNumber: fc.bigInt({ min: 0n, max: 10n ** 56n }).map(String),
  subSequenceNumber: natural,
}) as fc.Arbitrary<Position>;
const committedPosition = fc
  .tuple(position, whole)
  .map(([at, arrivedAtMs]) => ({ ...at, arrivedAtMs }));
const floor = fc.tuple(fc.nat(255), fc.nat(255), orNull(whole)).map(
  ([left, right, watermarkMs]): WatermarkFloor => ({
    firstKeyGroup: Math.min(left, right),
    lastKeyGroup: Math.max(left, right),
    watermarkMs,
  }),
);
const header = fc
  .record({
    log: name,
    planHash: text,
    codeHash: text,
    deployEpoch: natural,
    commitId: id,
    previousCommitId: orNull(id),
    batchNumber: fc.integer({ min: 1, max: 2 ** 40 }),
    ringSize: fc.integer({ min: 1, max: 4_096 }),
    base: natural,
    incarnation: text,
    positions: fc.dictionary(text, fc.oneof(position, committedPosition), { maxKeys: 3 }),
    firstPosition: orNull(position),
    arrival: orNull(fc.record({ firstMs: whole, lastMs: whole })),
    batchTimeMs: whole,
    watermarkMs: orNull(whole),
    floors: fc.array(floor, { maxLength: 4 }),
    counts: fc.record({
      in: natural,
      duplicate: natural,
      dead: natural,
      late: natural,
      filtered: natural,
      applied: natural,
      lateRows: natural,
    }),
    inputDigest: hex,
    snapshot: orNull(fc.record({ batchNumber: fc.integer({ min: 1, max: 2 ** 40 }), fold: id })),
    tables: fc.dictionary(text, text, { maxKeys: 3 }),
    gap: orNull(
      fc.record({
        kind: fc.constantFrom('lost' as const, 'unprovable' as const),
        after: position,
        before: position,
      }),
    ),
  })
  .map((fields): CommitHeader => aHeader(fields as unknown as Partial<CommitHeader>));
const reference: fc.Arbitrary<ObjectReference> = fc.record({
  key: name,
  byteLength: natural,
  sha256: hex,
});
const bytes = fc.uint8Array({ maxLength: 200 });
const entry = fc.record({
  sinkUid: name,
  role: fc.constantFrom('rows' as const, 'late' as const, 'dead-letters' as const),
  target: fc.oneof(
    fc.record({ kind: fc.constant('dynamodb' as const), tableName: name }),
    fc.record({ kind: fc.constant('s3' as const), bucketName: name, key: name }),
  ),
  rowCount: natural,
  payload: fc.oneof(
    fc.record({ kind: fc.constant('inline' as const), bytes }),
    fc.record({ kind: fc.constant('staged' as const), object: reference }),
  ),
}) as fc.Arbitrary<OutboxEntry>;

/** Bytes of any class compare by what they hold, and zeros without their sign, which JSON has not. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'number') return value + 0;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([field, part]) => [field, plain(part)]));
}

const same = (left: unknown, right: unknown) => expect(plain(left)).toEqual(plain(right));

describe('what is stored comes back as it was, and the same always gives the same bytes:', () => {
  test('a commit as an item', () => {
    const body = fc.oneof(
      fc.record({ kind: fc.constant('inline' as const), bytes }),
      fc.record({ kind: fc.constant('spilled' as const), object: reference }),
    );
    fc.assert(
      fc.property(header, body, (stored, storedBody) => {
        const item = encodeCommitItem({ header: stored, body: storedBody });
        same(decodeCommitItem(item), { header: stored, body: storedBody });
        same(encodeCommitItem(decodeCommitItem(item)), item);
      }),
      cases(),
    );
  });

  test('a pointer and the note of an attempt', () => {
    const checkpoint = fc.record({
      batchNumber: fc.integer({ min: 1 }),
      commitId: id,
      fold: id,
      manifest: reference,
    });
    const pointer = fc.record({ newest: checkpoint, previous: orNull(checkpoint) });
    const note = fc.record({
      head: natural,
      first: text,
      attempts: natural,
      pending: orNull(natural),
    });
    fc.assert(
      fc.property(pointer, note, (ptr, att) => {
        const item = { ptr: { S: JSON.stringify(ptr) }, att: { S: JSON.stringify(att) } };
        same([decodePointer(item), decodeAttempt(item)], [ptr, att]);
      }),
      cases(),
    );
  });

  test('the body of a commit', () => {
    fc.assert(
      fc.property(bytes, fc.array(entry, { maxLength: 4 }), (delta, outbox) => {
        const body = encodeCommitBody({ delta, outbox });
        same(decodeCommitBody(body), { delta, outbox });
        same(encodeCommitBody(decodeCommitBody(body)), body);
      }),
      cases(),
    );
  });

  test('a manifest', () => {
    const segment = fc.tuple(reference, floor).map(([object, { firstKeyGroup, lastKeyGroup }]) => ({
      ...object,
      firstKeyGroup,
      lastKeyGroup,
    }));
    fc.assert(
      fc.property(header, fc.array(segment, { maxLength: 4 }), orNull(reference), (...parts) => {
        const [stored, segments, lineage] = parts;
        const manifest: Manifest = { formatVersion: 1, header: stored, segments, lineage };
        same(decodeManifest(encodeManifest(manifest)), manifest);
        same(encodeManifest(decodeManifest(encodeManifest(manifest))), encodeManifest(manifest));
      }),
      cases(),
    );
  });

  test('lineage, one line per batch', () => {
    const batch = fc.tuple(header, fc.array(entry, { maxLength: 2 }));
    fc.assert(
      fc.property(name, fc.array(batch, { maxLength: 3 }), (log, batches) => {
        const described = batches.map(([stored, outbox]) => describeBatch(stored, outbox));
        const lines = Buffer.from(encodeLineage(asLogId(log), described))
          .toString('utf8')
          .split('\n');
        expect(lines.pop()).toBe('');
        same(
          lines.map((line) => JSON.parse(line)),
          [{ formatVersion: 1, log }, ...described],
        );
      }),
      cases(),
    );
  });

  test('rows of the outbox and dead letters, whatever line ends and quotes they hold', () => {
    const letter = fc.record({
      reason: text,
      detail: text,
      data: bytes,
      shardId: text,
      sequenceNumber: text,
      subSequenceNumber: natural,
      arrivedAtMs: fc.nat(),
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.json(), letter.map(encodeDeadLetter)), { maxLength: 6 }),
        (rows) => {
          const stored = Buffer.from(encodeLines(rows)).toString('utf8').split('\n');
          expect(stored.filter((line) => line !== '')).toEqual(rows);
        },
      ),
      cases(),
    );
    fc.assert(
      fc.property(letter, (stored) => {
        const { data, arrivedAt, ...fields } = JSON.parse(encodeDeadLetter(stored));
        const { data: given, arrivedAtMs, ...others } = stored;
        expect(fields).toEqual(others);
        expect(Date.parse(arrivedAt)).toBe(arrivedAtMs);
        same(Buffer.from(data, 'base64'), given);
      }),
      cases(),
    );
  });

  test('a column of JSON values', () => {
    const value = fc.oneof(
      fc.constant(undefined),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.jsonValue({ maxDepth: 4 }),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 30 }), (values) => {
        const encode = (column: readonly unknown[] | null) => {
          const writer = new ByteWriter();
          encodeValueColumn(writer, column);
          return writer.finish();
        };
        const stored = encode(values);
        const reader = new ByteReader(stored);
        const decoded = decodeValueColumn(reader, values.length);
        reader.end();
        const expected = values.every((each) => each === undefined) ? null : values;
        same(decoded, expected);
        same(encode(decoded), stored);
      }),
      cases(),
    );
  });
});

describe('the text of a key', () => {
  const scalar = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }).filter((each) => !/\p{Surrogate}/u.test(each)),
    fc.constantFrom('', '\u0000', '\u00001', '\u0000"a"', '\u0000["a"]', '1', 'null', '__proto__'),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
    fc.boolean(),
    fc.constant(null),
  );
  const source = { partitionedBy: null };

  /** Key texts of rows of `width` fields, as one operator interns them. */
  function texts(rows: readonly (readonly unknown[])[], width: number) {
    const fields = Array.from({ length: width }, (_, index) => `f${index}`);
    const selectors = fields.map((field) => ({ kind: 'field' as const, field }));
    const key = { selectors, fields };
    const reader = createKeyReader({ uid: 'k', key, source, pass: aPass() } as never);
    const keys = new KeyDictionary();
    return rows.map((row) => {
      const event = Object.fromEntries(row.map((value, index) => [`f${index}`, value]));
      const written = keys.textOf(reader.idOf(event, keys));
      return { written, values: reader.valuesOf(written) };
    });
  }

  test.each([1, 2, 3])(
    'of %i fields is read back as the values, and no two keys share one',
    (width) => {
      const row = fc.array(scalar, { minLength: width, maxLength: width });
      fc.assert(
        fc.property(fc.array(row, { minLength: 2, maxLength: 6 }), (rows) => {
          const found = texts(rows, width);
          expect(found.map(({ values }) => values)).toEqual(rows);
          const distinct = new Set(rows.map((each) => JSON.stringify(each)));
          expect(new Set(found.map(({ written }) => written)).size).toBe(distinct.size);
        }),
        cases(),
      );
    },
  );
});
