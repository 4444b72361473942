import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CALL_FAULTS, INVOCATION_FAULTS, WORLD_FAULTS } from '../lib/testing/faults/fault-plan.ts';

const project = join(import.meta.dirname, '..');
const page = readFileSync(join(project, 'docs', 'faults.md'), 'utf8');
const rows = page.split('\n').filter((line) => /^\| \d+ \|/.test(line));

test('every fault has a row, in order', () => {
  expect(rows.map((row) => Number(row.split('|')[1]))).toEqual(
    Array.from({ length: 45 }, (_, index) => index + 1),
  );
});

test('every row names a test or says that its feature does not exist', () => {
  const named = /simulation|kill|test\/|none yet/;
  expect(rows.filter((row) => !named.test(row.split('|')[4] ?? ''))).toEqual([]);
});

test('every test that is named exists', () => {
  const paths = [...page.matchAll(/\btest\/[\w./-]+/g)].map(([path]) => path.replace(/\.$/, ''));
  expect(paths.filter((path) => !existsSync(join(project, path)))).toEqual([]);
});

test('every kind of fault that a plan can hold stands in the table', () => {
  const helpers = new Set([
    'cold',
    'not-started',
    'maintain',
    'maintain-twice',
    'kill-all',
    'recycle',
  ]);
  const kinds = [...CALL_FAULTS, ...INVOCATION_FAULTS, ...WORLD_FAULTS];
  expect(kinds.filter((kind) => !helpers.has(kind) && !page.includes(`\`${kind}\``))).toEqual([]);
});
