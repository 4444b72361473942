import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

/** Code without comments, indentation and line ends. */
const essence = (code: string) =>
  code
    .replace(/\/\*\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
    .replace(/\s+/g, ' ')
    .trim();

it('the pipeline of the README is the one that is deployed', () => {
  const [, code] = /```ts\n(.*?)```/s.exec(read('README.md'))!;
  expect(essence(code!)).toBe(essence(read('functions/pipelines/delays.ts')));
});

it('every command that the README names is a script', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = [...read('README.md').matchAll(/npm (?:run )?([a-z][a-z:]*)/g)].map(
    ([, name]) => name!,
  );
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});
