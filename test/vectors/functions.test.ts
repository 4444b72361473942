import { describe, test } from 'vitest';
import { runDStream } from './run-dstream.ts';
import { runStructured } from './run-structured.ts';
import type { Step, Vector } from './vector.ts';

// The functions that vectors name in words, each in a small vector of its own.

function grouped(fn: string, timeout: string, steps: readonly Step[]): Vector {
  const root = { op: 'groupState', in: { src: 'in' }, key: 'k', fn, timeout };
  const sources = { in: { columns: ['k'] } };
  const semantics = { mode: 'update', sources, root, output: ['k', 'n'] };
  return { id: fn, class: 'STEP', semantics, steps };
}

const given = (keys: string, expectOutput: readonly (readonly unknown[])[], seconds = 1): Step => ({
  input: [...keys].map((key) => [key]),
  expectOutput,
  advanceProcessingTime: seconds,
});

describe('functions over groups', () => {
  test.each([
    grouped('count', 'none', [
      given('aab', [
        ['a', 2],
        ['b', 1],
      ]),
      given('a', [['a', 3]]),
    ]),
    grouped('count; at 3 remove state and emit nothing', 'none', [
      given('a', [['a', 1]]),
      given('ab', [
        ['a', 2],
        ['b', 1],
      ]),
      given('ab', [['b', 2]]),
      given('a', [['a', 1]]),
    ]),
    grouped('count; at 3 remove state and emit -1', 'none', [
      given('aa', [['a', 2]]),
      given('a', [['a', -1]]),
      given('a', [['a', 1]]),
    ]),
    grouped('per row: count; at 3 remove state and emit nothing', 'none', [
      given('aa', [
        ['a', 1],
        ['a', 2],
      ]),
      given('a', []),
      given('a', [['a', 1]]),
    ]),
    grouped(
      'timer: keys a,c register now + 5 s at first row; on fire clear and emit -1; per row count, at 3 clear and emit nothing',
      'processing',
      [
        given('ab', [
          ['a', 1],
          ['b', 1],
        ]),
        given('b', [['b', 2]], 4),
        given('', [['a', -1]], 1),
        given(
          'ac',
          [
            ['a', 1],
            ['c', 1],
          ],
          1,
        ),
      ],
    ),
    grouped(
      'timer: key a registers now + 5 s, on second row deletes it and registers now + 7.5 s; on fire emit -1; count',
      'processing',
      [
        given('a', [['a', 1]]),
        given('a', [['a', 2]], 3),
        given('', [], 4),
        given('', [['a', -1]], 4),
        given('a', [['a', 3]]),
      ],
    ),
    grouped(
      'timer: first row registers now + 5, + 10, + 15 s; rows count silently; each fire emits the count, the last clears',
      'processing',
      [
        given('a', []),
        given('a', []),
        given('', [['a', 2]], 4),
        given(
          '',
          [
            ['a', 2],
            ['a', 2],
          ],
          10,
        ),
      ],
    ),
  ])('$id', (vector) => runStructured(vector));
});

function stateful(op: string, fn: string, steps: readonly Step[], options: object = {}): Vector {
  return { id: fn, class: 'INTERVAL', semantics: { op, fn, ...options }, steps };
}

const interval = (keys: string, expectOutput: readonly unknown[]): Step => ({
  input: [...keys],
  expectOutput,
});

describe('functions over keys', () => {
  test.each([
    stateful('updateStateByKey', 'sum; drop after two batches without input', [
      interval('ab', [
        ['a', 1],
        ['b', 1],
      ]),
      interval('a', [
        ['a', 2],
        ['b', 1],
      ]),
      interval('a', [['a', 3]]),
    ]),
    stateful('mapWithState', 'count, emit nothing', [
      { ...interval('aa', []), expectState: [['a', 2]] },
    ]),
    stateful('mapWithState', 'count, emit key twice', [interval('ab', ['a', 'a', 'b', 'b'])]),
    stateful('mapWithState', 'count, emit key twice', [interval('ab', ['aa', 'bb'])]),
    stateful('mapWithState', 'emit key and count', [
      interval('aa', [
        ['a', 1],
        ['a', 2],
      ]),
      interval('a', [['a', 3]]),
    ]),
    {
      // In which of the batches behind the timeout it comes is not said.
      ...stateful(
        'mapWithState',
        'set 1, emit the key when timing out',
        ['ab', 'a', 'a', 'a', 'a'].map((keys) => ({ input: [...keys] })),
        { timeoutBatches: 2 },
      ),
      expect: { setOfOutputs: ['b'] },
    },
  ])('$id', (vector) => runDStream(vector));
});
