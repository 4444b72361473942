import { describe, expect, test } from 'vitest';
import { decodeBatch } from '../../../lib/decoding/decode-batch.ts';
import { someRecords } from '../../support/records.ts';

/** Decodes one record between two good ones, so that it is parsed as one of a run as well. */
function decode(data: Uint8Array | string) {
  const batch = decodeBatch(someRecords(['{"before":1}', data, '{"after":1}']), null);
  expect(batch.event(0)).toEqual({ before: 1 });
  const event = batch.event(1);
  expect(batch.event(2)).toEqual({ after: 1 });
  return { event, reason: batch.rejectOf(1)?.reason ?? null };
}

const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);
const utf8 = (...bytes: number[]) => Buffer.from(bytes);

describe('rejects', () => {
  const cases: Record<string, [Uint8Array | string, string]> = {
    'no bytes': ['', 'empty'],
    'white space only': [' \n', 'not-json'],
    'text that is not JSON': ['hello', 'not-json'],
    'a cut record': ['{"a":1', 'not-json'],
    'two values': ['{"a":1}{"a":2}', 'not-json'],
    'two values with a comma': ['{"a":1},{"a":2}', 'not-json'],
    'the literal NaN': ['{"delay":NaN}', 'not-json'],
    'the literal Infinity': ['{"delay":Infinity}', 'not-json'],
    'a trailing comma': ['{"a":1,}', 'not-json'],
    'a raw NUL byte': [utf8(0x22, 0x00, 0x22), 'not-json'],
    'single quotes': ["{'a':1}", 'not-json'],
    'an invalid byte': [utf8(0x22, 0xff, 0x22), 'bad-utf8'],
    'an overlong form': [utf8(0x22, 0xc0, 0x80, 0x22), 'bad-utf8'],
    'a surrogate in UTF-8': [utf8(0x22, 0xed, 0xa0, 0x80, 0x22), 'bad-utf8'],
    'a character cut at its end': [utf8(0x22, 0xe2, 0x82), 'bad-utf8'],
    'a byte order mark': ['\ufeff{"a":1}', 'byte-order-mark'],
    'UTF-16': [Buffer.from('{"a":1}', 'utf16le'), 'not-json'],
    'arrays 65 deep': [nested(65), 'too-deep'],
    'objects 65 deep': [`${'{"":'.repeat(64)}{}${'}'.repeat(64)}`, 'too-deep'],
    'arrays 10,000 deep': [nested(10_000), 'too-deep'],
    'arrays 10,000 deep and cut': ['['.repeat(10_000), 'too-deep'],
    'half of a pair': ['{"a":"\\ud800"}', 'lone-surrogate'],
    'half of a pair in upper case': ['{"a":"\\uDFFF"}', 'lone-surrogate'],
    'half of a pair as a key': ['{"\\ud83d":1}', 'lone-surrogate'],
    'half of a pair in a list': ['{"a":[1,["x","\\udc00"]]}', 'lone-surrogate'],
    'a pair the wrong way round': ['{"a":"\\udc00\\ud800"}', 'lone-surrogate'],
  };
  test.each(Object.entries(cases))('%s', (_, [data, reason]) => {
    expect(decode(data)).toEqual({ event: undefined, reason });
  });
});

describe('events', () => {
  const cases: Record<string, [Uint8Array | string, unknown]> = {
    'the last of duplicate keys wins': ['{"a":1,"a":2}', { a: 2 }],
    'an escaped NUL is a character': ['{"a":"\\u0000"}', { a: '\0' }],
    'an escaped pair is a character': ['{"a":"\\ud83d\\ude00"}', { a: '😀' }],
    'an escaped backslash before ud800 is text': ['{"a":"\\\\ud800"}', { a: '\\ud800' }],
    'white space around is allowed': [' {"a":1}\n', { a: 1 }],
    'raw line feeds between fields are allowed': ['{"a":1,\n"b":2}', { a: 1, b: 2 }],
    'a scalar is an event': ['17', 17],
    'null is an event': ['null', null],
    'a number beyond doubles is infinite, for the operators to refuse': ['1e999', Infinity],
    'non-ASCII text is decoded': ['{"name":"Zürich – 東京 😀"}', { name: 'Zürich – 東京 😀' }],
    'the replacement character itself is valid': ['{"a":"\ufffd"}', { a: '\ufffd' }],
    'a byte order mark inside of text is valid': ['{"a":"\ufeffx"}', { a: '\ufeffx' }],
    'brackets in strings are no nesting': [`{"a":"${'['.repeat(500)}"}`, { a: '['.repeat(500) }],
    'quotes and backslashes do not confuse the depth': [
      `["\\"${'['.repeat(80)}\\\\",1]`,
      [`"${'['.repeat(80)}\\`, 1],
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [data, event]) => {
    expect(decode(data)).toEqual({ event, reason: null });
  });

  test('64 levels are allowed', () => {
    expect(decode(nested(64)).reason).toBeNull();
    expect(decode(`${'{"":'.repeat(63)}{}${'}'.repeat(63)}`).reason).toBeNull();
  });

  test('many brackets side by side are not deep', () => {
    const wide = `[${Array.from({ length: 1_000 }, () => '{}').join(',')}]`;
    expect((decode(wide).event as unknown[]).length).toBe(1_000);
  });

  test('__proto__ is an own property and changes no prototype', () => {
    const { event } = decode('{"__proto__":{"polluted":1},"constructor":2}');
    expect(Object.getOwnPropertyNames(event)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

test('details are sentences that never quote the record', () => {
  const secret = 'card-4111111111111111';
  const datas = [
    `{"a":${secret}}`,
    `\ufeff${secret}`,
    `${'['.repeat(70)}${secret}`,
    `"${secret}\\ud800"`,
  ];
  const batch = decodeBatch(someRecords(datas), null);
  datas.forEach((_, index) => {
    expect(batch.event(index)).toBeUndefined();
    expect(batch.rejectOf(index)!.detail).not.toContain('card');
    expect(batch.rejectOf(index)!.detail).toMatch(/^the record .{10,}/);
  });
});

describe('neighbours cannot pose as one record, nor one as two', () => {
  const forgeries: Record<string, readonly string[]> = {
    'an array that ends in the next record': ['{"a":[{}', '{}]}', '{},{}'],
    'an object that ends in the next record': ['{"a":{"b":1', '"c":2}}', '{},{}'],
    'a string over the border': ['{"a":"', '{"}', '{},{}'],
    'a record that closes the run': ['{}],[{}', '{}', '{}'],
    'records that trade a value': ['{"a":1},{"a":2}', '{"b":{"c":1}', '{"d":1}}'],
    'a square bracket only in the last record': ['{"a":{}', '{"b":1}}', '{"c":1},[1]'],
  };
  test.each(Object.entries(forgeries))('%s', (_, datas) => {
    const padded = ['{"p":1}', ...datas, '{"p":2}'];
    const batch = decodeBatch(someRecords(padded), null);
    const expected = padded.map((data) => {
      try {
        return JSON.parse(data);
      } catch {
        return undefined;
      }
    });
    expect(padded.map((_, index) => batch.event(index))).toEqual(expected);
  });
});

test('a batch with a bad record in ten still yields every event', () => {
  const datas = Array.from({ length: 5_000 }, (_, index) =>
    index % 10 === 3 ? '{"n":' : `{"n":${index}}`,
  );
  const batch = decodeBatch(someRecords(datas), null);
  datas.forEach((_, index) => {
    expect(batch.event(index)).toEqual(index % 10 === 3 ? undefined : { n: index });
  });
});

test('records that are neither short nor flat nor ASCII keep their neighbours apart', () => {
  const datas = Array.from({ length: 300 }, (_, index) => {
    const fields = {
      n: index,
      list: index % 3 === 0 ? [index] : undefined,
      name: index % 5 === 0 ? 'né' : 'ne',
      long: index % 7 === 0 ? 'x'.repeat(400) : '',
      text: index % 11 === 0 ? '\u0001"\\' : '',
    };
    return JSON.stringify(fields);
  });
  const batch = decodeBatch(someRecords(datas), null);
  expect(datas.map((_, index) => batch.event(index))).toEqual(
    datas.map((data) => JSON.parse(data)),
  );
});
