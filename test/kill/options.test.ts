import { expect, it } from 'vitest';
import { parseOptions } from './options.ts';

it('without options there are 25 kills', () => {
  expect(parseOptions([])).toEqual({ kills: 25, seed: 1, json: false, help: false });
});

it('options are taken as they are given', () => {
  expect(parseOptions(['--kills', '300', '--seed', '7', '--json'])).toEqual({
    kills: 300,
    seed: 7,
    json: true,
    help: false,
  });
});

it.each([
  [['--kils', '3'], "'--kils'"],
  [['--kills', '0'], '--kills must be'],
  [['--kills', '1.5'], '--kills must be'],
  [['--kills', ''], '--kills must be'],
  [['--seed', '-1'], '--seed'],
  [['--seed', '4294967296'], '--seed must be'],
  [['25'], '25'],
])('%j is refused with a sentence', (args, part) => {
  expect(parseOptions(args)).toContain(part);
});
