// The pages of documentation: their TypeScript compiles and runs, and their links lead somewhere.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as valibot from 'valibot';
import * as vitest from 'vitest';
import { describe, expect, it } from 'vitest';
import * as rivulet from '../lib/index.ts';
import * as testing from '../lib/testing/index.ts';
import { docProgramsOf, startProgram, typeErrorsOf } from './support/doc-programs.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const namesIn = (folder: string) => readdirSync(join(root, folder));

const pages = namesIn('docs')
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const extracted = pages.map((page) => docProgramsOf(page, read(page)));
const programs = extracted.flatMap((each) => each.programs);
const modules = { rivulet, 'rivulet/testing': testing, vitest, valibot };

it('all programs of the pages type-check', { timeout: 120_000 }, () => {
  expect(programs.length).toBeGreaterThan(0);
  expect(typeErrorsOf(programs)).toEqual([]);
});

it('a fragment of a pipeline is a part of one that is deployed', () => {
  const withoutLayout = (code: string) => code.replaceAll(/\s/g, '');
  const pipelines = namesIn('functions/pipelines')
    .filter((name) => name.endsWith('.ts'))
    .map((name) => withoutLayout(read(`functions/pipelines/${name}`)));
  const fragments = extracted.flatMap((each) => each.fragments).map(withoutLayout);
  expect(fragments.filter((code) => !pipelines.some((file) => file.includes(code)))).toEqual([]);
});

it.each([...pages, 'README.md'])('every link of %s leads to a file or a heading', (page) => {
  const folder = join(page, '..');
  const broken = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].filter(
    ([, path, heading]) => {
      const target = path === '' ? page : join(folder, path!);
      if (!existsSync(join(root, target))) return true;
      return heading !== undefined && !anchorsOf(read(target)).includes(heading);
    },
  );
  expect(broken.map(([link]) => link)).toEqual([]);
});

for (const program of programs) {
  // What a program says with `test` becomes a test here.
  describe(program.page, () => {
    const blocks = startProgram(program, modules, assertRuns);
    for (const name of program.blocks) it(`${name} runs`, () => blocks[name]!());
  });
}

/** A pipeline must be one that can run; where it ends before a sink, it may lack that. */
function assertRuns(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('plan' in value)) return value;
  try {
    (value as rivulet.Pipeline).plan();
  } catch (thrown) {
    const problems = String(thrown).split('\n').slice(1);
    expect(problems.filter((problem) => !problem.endsWith('(sink-missing)'))).toEqual([]);
    expect(problems).not.toEqual([]);
  }
  return value;
}

/** Headings as links name them. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
