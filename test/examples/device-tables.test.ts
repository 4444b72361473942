import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startExampleProgram } from '../support/example-program.ts';

const expected = (example: string) =>
  readFileSync(join(import.meta.dirname, example, 'expected.txt'), 'utf8');
const sample = (file: string) =>
  readFileSync(join(import.meta.dirname, '..', '..', 'localstack', 'examples', file), 'utf8');

const TIMEOUT_MS = 120_000;

it(
  'device-averages shows whole cells of all windows after each batch of its sample',
  async () => {
    expect(await startExampleProgram('device-averages').ended()).toEqual({
      code: 0,
      output: expected('device-averages'),
      errors: '',
    });
  },
  TIMEOUT_MS,
);

it(
  'device-counts shows cut cells of twenty windows, and says which lines were no events',
  async () => {
    const input = `${sample('device-events.jsonl')}not an event\n`;
    const program = startExampleProgram('device-counts', { args: ['-', '--batch', '6'], input });
    expect(await program.ended()).toEqual({
      code: 0,
      output: expected('device-counts'),
      errors: 'lines that were set aside as dead letters: 1\n',
    });
  },
  TIMEOUT_MS,
);

it.each([
  ['a file that is not there', ['nowhere.jsonl'], 1, 'nowhere.jsonl'],
  ['a batch of nothing', ['--batch', '0'], 2, '--batch takes a whole number from 1 to 500, not 0'],
  ['two files', ['one', 'two'], 2, 'there is one input at most'],
  ['an unknown flag', ['--colour'], 2, '--colour'],
])(
  '%s is told in a sentence',
  async (_what, args, code, sentence) => {
    const ended = await startExampleProgram('device-counts', { args }).ended();
    expect(ended).toMatchObject({ code, output: '' });
    expect(ended.errors).toContain(sentence);
    expect(ended.errors).not.toMatch(/^\s+at /m);
  },
  TIMEOUT_MS,
);
