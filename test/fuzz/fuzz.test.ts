import { describe, expect, test } from 'vitest';
import { EngineError } from '../../lib/model/errors.ts';
import { type FuzzTarget, fuzz } from './fuzz.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateMembers } from './mutate-json.ts';
import { createRandom } from './random.ts';

const seeds = [Buffer.from('{"name":"ada","list":[1,2,3]}')];
const run = { seed: 3, cases: 500 };

const planted = (read: FuzzTarget['read']): FuzzTarget => ({
  name: 'planted',
  seeds,
  mutate: mutateBytes,
  read,
  refuses: (error) => error instanceof EngineError,
});

/** Keeps the processor busy, however many others want it. */
function busyFor(ms: number): void {
  const before = process.cpuUsage();
  for (let usedMs = 0; usedMs < ms; ) {
    const { user, system } = process.cpuUsage(before);
    usedMs = (user + system) / 1_000;
  }
}

describe('a planted fault is found', () => {
  const faults: Readonly<Record<string, readonly [FuzzTarget['read'], RegExp]>> = {
    'an error of another type': [(bytes) => void JSON.parse(String(bytes)), /SyntaxError/],
    'a loop without end': [
      (bytes) => {
        while (bytes.length > 5) bytes[0] = 1;
      },
      /timed out after 500ms/,
    ],
    'an input that takes too long': [() => busyFor(120), /the input takes \d{3} ms/],
    'a prototype that is changed': [
      () => Reflect.set(Object.prototype, 'polluted', 1),
      /a prototype was changed/,
    ],
    'another answer to the same input': [
      (() => {
        let calls = 0;
        return () => {
          calls += 1;
          busyFor(120);
          if (calls % 2 === 0) throw new EngineError('data', 'refused');
        };
      })(),
      /the input was read, then refused/,
    ],
  };
  test.each(Object.entries(faults))('%s', (name, [read, message]) => {
    try {
      const endlessMs = name === 'a loop without end' ? 500 : 60_000;
      expect(() => fuzz(planted(read), { ...run, endlessMs })).toThrow(message);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'polluted');
    }
  });
});

test('a failure says how it is repeated', () => {
  const target = planted(() => {
    throw new TypeError('planted');
  });
  expect(() => fuzz(target, run)).toThrow(/seed 3, case 0; .*\n.*repeat\.ts 'planted' [0-9a-f]+$/);
});

test('the same seed makes the same inputs, another one others', () => {
  const inputs = (seed: number) => {
    const random = createRandom(seed);
    return Array.from({ length: 50 }, () =>
      Buffer.from(mutateBytes(seeds, random)).toString('hex'),
    );
  };
  expect(inputs(1)).toEqual(inputs(1));
  expect(inputs(1)).not.toEqual(inputs(2));
});

test('damaged members are JSON that is mostly another document', () => {
  const random = createRandom(4);
  const texts = Array.from({ length: 500 }, () => String(mutateMembers(seeds, random)));
  const documents = new Set(texts.map((text) => JSON.stringify(JSON.parse(text))));
  expect(documents.size).toBeGreaterThan(200);
});
