import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBatch } from '../../lib/decoding/decode-batch.ts';
import { encodeAggregate } from '../support/kpl.ts';
import { aRecord, positionAt, someRecords } from '../support/records.ts';
import { cases } from './cases.ts';

/** One record decoded in the plainest way, without depth or surrogates. */
function naiveEvent(data: Uint8Array | string): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(data),
    );
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

const eventsOf = (batch: ReturnType<typeof decodeBatch>) =>
  Array.from({ length: batch.count }, (_, index) => batch.event(index));

/** Pieces of JSON, so that records often fit together across their borders. */
const fragment = fc
  .array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '{"a":',
      '1',
      '{}',
      '\n',
      '\\',
      ' ',
      'é',
    ),
    { maxLength: 7 },
  )
  .map((tokens) => tokens.join(''));
const objectFragment = fragment.map((text) => `{${text}`);
const event = fc.json({ maxDepth: 4 }).filter((text) => !/\\u[dD]/.test(text));

test('a batch decodes to what each record means by itself, whatever its neighbours are', () => {
  const datas = fc.array(fc.oneof(fragment, objectFragment, objectFragment, event), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(datas, (records) => {
      expect(eventsOf(decodeBatch(someRecords(records), null))).toEqual(records.map(naiveEvent));
    }),
    cases(5_000),
  );
});

test('bytes that are no text never reach an event', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 6 }), (datas) => {
      const records = datas.map((data) =>
        Buffer.concat([Buffer.from('{"a":"'), data, Buffer.from('"}')]),
      );
      expect(eventsOf(decodeBatch(someRecords(records), null))).toEqual(records.map(naiveEvent));
    }),
    cases(),
  );
});

const userRecord = fc.record({
  partitionKey: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  data: event,
});
const delivered = fc.array(
  fc.oneof(event, fc.array(userRecord, { minLength: 1, maxLength: 5 }).map(encodeAggregate)),
  { maxLength: 6 },
);

test('every cut at a committed position leaves exactly the rest, and counts what it drops', () => {
  fc.assert(
    fc.property(delivered, fc.nat(), (datas, cut) => {
      const records = someRecords(datas);
      const whole = decodeBatch(records, null);
      if (whole.count === 0) return;
      const at = cut % whole.count;
      const rest = decodeBatch(records, whole.positionOf(at));
      expect(rest.duplicateCount).toBe(at + 1);
      expect(rest.count).toBe(whole.count - at - 1);
      expect(eventsOf(rest)).toEqual(eventsOf(whole).slice(at + 1));
      expect(Buffer.from(rest.slabRange(0, rest.count))).toEqual(
        Buffer.from(whole.slabRange(at + 1, whole.count)),
      );
    }),
    cases(),
  );
});

test('packing records changes nothing but their sub-sequence numbers', () => {
  fc.assert(
    fc.property(fc.array(userRecord, { minLength: 1, maxLength: 8 }), (users) => {
      const packed = decodeBatch([aRecord(encodeAggregate(users))], null);
      const plain = decodeBatch(someRecords(users.map(({ data }) => data)), null);
      expect(eventsOf(packed)).toEqual(eventsOf(plain));
      expect([...packed.subSequenceNumbers]).toEqual(users.map((_, index) => index));
    }),
    cases(),
  );
});

describe('fuzz', () => {
  const MUTATIONS = 10_000;
  const PATIENCE_MS = 100;
  const seeds = [
    Buffer.from(
      '{"eventId":"e1","list":[1,2,{"a":null}],"text":"a\\u00e9\\ud83d\\ude00b","n":-1.5e3}',
    ),
    Buffer.from(`{"name":"Zürich","deep":${'['.repeat(70)}${']'.repeat(70)}}`),
    encodeAggregate([
      { partitionKey: 'ada', data: '{"a":1}' },
      { partitionKey: 'bob', explicitHashKey: '12', data: '{"b":2}' },
    ]),
  ];
  const mutation = fc.record({
    seed: fc.constantFrom(...seeds),
    edits: fc.array(
      fc.tuple(
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom('set', 'cut', 'insert', 'repeat'),
      ),
      {
        minLength: 1,
        maxLength: 6,
      },
    ),
  });

  function mutate({ seed, edits }: { seed: Buffer; edits: [number, number, string][] }): Buffer {
    let bytes = Buffer.from(seed);
    for (const [at, value, kind] of edits) {
      const place = at % (bytes.length + 1);
      if (kind === 'set' && place < bytes.length) bytes[place] = value;
      else if (kind === 'cut') bytes = bytes.subarray(0, place);
      else if (kind === 'insert') {
        bytes = Buffer.concat([
          bytes.subarray(0, place),
          Buffer.from([value]),
          bytes.subarray(place),
        ]);
      } else bytes = Buffer.concat([bytes, bytes.subarray(place)]);
    }
    return bytes;
  }

  test('mutated records neither crash nor hang nor change a prototype, and are decided alike again', () => {
    const prototype = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 10, maxLength: 10 }), (mutations) => {
        const records = someRecords(mutations.map(mutate));
        const startedAt = performance.now();
        const batch = decodeBatch(records, positionAt(0));
        const events = eventsOf(batch);
        expect(performance.now() - startedAt).toBeLessThan(PATIENCE_MS);
        const again = decodeBatch(records, positionAt(0));
        events.forEach((event, index) => {
          expect(event === undefined).toBe(batch.rejectOf(index) !== null);
          expect(again.rejectOf(index)).toEqual(batch.rejectOf(index));
        });
      }),
      cases(MUTATIONS / 10),
    );
    expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype))).toBe(prototype);
  });

  const MIB = 1024 * 1024;
  const large: Record<string, () => Buffer> = {
    zeros: () => Buffer.alloc(MIB),
    'invalid UTF-8': () => Buffer.alloc(MIB, 0xff),
    letters: () => Buffer.alloc(MIB, 'garbage '),
    'an endless string': () => Buffer.from(`"${'x'.repeat(MIB - 1)}`),
    'opening brackets': () => Buffer.alloc(MIB, '['),
    'opening braces': () => Buffer.alloc(MIB, '{"a":'),
    'brackets in an endless string': () => Buffer.from(`"${'['.repeat(MIB - 1)}`),
    backslashes: () => Buffer.from(`"${'\\'.repeat(MIB - 1)}`),
    'surrogate escapes': () => Buffer.from(`"${'\\ud800'.repeat(MIB / 6 - 1)}"`),
    'the magic of an aggregate': () =>
      Buffer.concat([seeds[2]!.subarray(0, 4), Buffer.alloc(MIB - 4, 0x1a)]),
    'an aggregate of empty records': () =>
      encodeAggregate(Array.from({ length: 20_000 }, () => ({ partitionKey: 'k', data: '' }))),
  };
  test.each(Object.entries(large))(
    'one mebibyte of garbage is set aside at once: %s',
    (_, make) => {
      const records = [aRecord(make())];
      decodeBatch(records, null).event(0);
      const startedAt = performance.now();
      const batch = decodeBatch(records, null);
      expect(eventsOf(batch).every((event) => event === undefined)).toBe(true);
      expect(performance.now() - startedAt).toBeLessThan(PATIENCE_MS);
    },
  );
});
