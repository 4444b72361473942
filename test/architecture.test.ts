import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Sources, TOP_FOLDERS, violationsOf } from './support/architecture.ts';

const project = join(import.meta.dirname, '..');

/** Folders that tools write and git ignores. */
const GENERATED = ['.git', '.rivulet', 'cdk.out', 'coverage', 'dist', 'node_modules'];

function readSources(): Sources {
  const folders = TOP_FOLDERS.filter((folder) => readdirSync(project).includes(folder));
  const nested = folders.flatMap((folder) =>
    readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
      join(folder, path),
    ),
  );
  const paths = [...readdirSync(project), ...nested]
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && !path.includes('node_modules/'));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(project, path), 'utf8')]));
}

it('the project keeps its import table, its bans and has no cycles', () => {
  expect(violationsOf(readSources())).toEqual([]);
});

it('only the agreed folders stand at the top', () => {
  const found = readdirSync(project, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !GENERATED.includes(entry.name))
    .map((entry) => entry.name);
  expect(found.filter((name) => !TOP_FOLDERS.includes(name))).toEqual([]);
});

it('the package exports the authoring API, the construct and the simulation, and nothing else', () => {
  const { exports } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  expect(Object.keys(exports)).toEqual(['.', './cdk', './testing']);
});

describe('a planted violation is found', () => {
  const planted: Readonly<Record<string, readonly [Sources, string]>> = {
    'a decision that performs I/O': [
      { 'lib/protocol/commit.ts': "import { x } from '../ports/commit-log.ts';" },
      'lib/protocol/commit.ts may not import ../ports/commit-log.ts',
    ],
    'a forbidden import for its types only': [
      { 'lib/plan/plan.ts': "import type { X } from '../state/draft.ts';" },
      'lib/plan/plan.ts may not import ../state/draft.ts',
    ],
    'a forbidden import inside a type': [
      { 'lib/plan/plan.ts': "type X = import('../state/draft.ts').Draft;" },
      'lib/plan/plan.ts may not import ../state/draft.ts',
    ],
    'a dynamic import': [
      { 'lib/runtime/publish.ts': "const s = await import('@aws-sdk/client-s3');" },
      'lib/runtime/publish.ts may not import @aws-sdk/client-s3',
    ],
    'a re-export': [
      { 'lib/time/window.ts': "export { x } from '../state/draft.ts';" },
      'lib/time/window.ts may not import ../state/draft.ts',
    ],
    'a package that was agreed on for types only': [
      { 'lib/plan/plan.ts': "import { x } from '@standard-schema/spec';" },
      'lib/plan/plan.ts may not import @standard-schema/spec',
    ],
    'node:crypto outside of its three places': [
      { 'lib/state/codec.ts': "import { createHash } from 'node:crypto';" },
      'lib/state/codec.ts may not import node:crypto',
    ],
    'a test that the engine imports': [
      { 'lib/state/codec.ts': "import { x } from '../../test/support/architecture.ts';" },
      'lib/state/codec.ts may not import ../../test/support/architecture.ts',
    ],
    'a naive computation that shares code with the engine': [
      { 'localstack/demo/naive.ts': "import { x } from '../../lib/time/window.ts';" },
      'localstack/demo/naive.ts may not import ../../lib/time/window.ts',
    ],
    'a cloud that knows the engine': [
      { 'localstack/embedded/s3.ts': "import { x } from '../../lib/runtime/batch.ts';" },
      'localstack/embedded/s3.ts may not import ../../lib/runtime/batch.ts',
    ],
    'a pipeline that reaches behind the public entry': [
      { 'functions/pipelines/delays.ts': "import { x } from '../../lib/plan/plan.ts';" },
      'functions/pipelines/delays.ts may not import ../../lib/plan/plan.ts',
    ],
    'a new folder of the library': [{ 'lib/utils/x.ts': '' }, 'lib/utils/x.ts is in no area'],
    'a clock': [
      { 'lib/time/window.ts': 'const now = Date.now();' },
      'lib/time/window.ts may not use Date.now',
    ],
    'a clock under another spelling': [
      { 'lib/time/window.ts': "const now = Date['now']();" },
      'lib/time/window.ts may not use Date.now',
    ],
    'the present as a date': [
      { 'lib/time/window.ts': 'const now = new Date();' },
      'lib/time/window.ts may not use new Date()',
    ],
    chance: [
      { 'lib/runtime/publish.ts': 'const x = Math.random();' },
      'lib/runtime/publish.ts may not use Math.random',
    ],
    'a timer': [
      { 'lib/runtime/publish.ts': 'setTimeout(() => {}, 5);' },
      'lib/runtime/publish.ts may not use setTimeout',
    ],
    'a timer of globalThis': [
      { 'lib/runtime/publish.ts': 'globalThis.setTimeout(() => {}, 5);' },
      'lib/runtime/publish.ts may not use globalThis.setTimeout',
    ],
    'the environment': [
      { 'lib/adapters/aws/clients.ts': "const x = process.env['X'];" },
      'lib/adapters/aws/clients.ts may not use process.env',
    ],
    'a default export': [
      { 'lib/time/window.ts': 'export default 1;' },
      'lib/time/window.ts may not export a default',
    ],
    'code in the public entry': [
      { 'lib/index.ts': 'export const x = 1;' },
      'lib/index.ts may only re-export',
    ],
    'a second writer of one table': [
      { 'lib/adapters/aws/log.ts': 'f(new PutItemCommand(a)); f(new PutItemCommand(b));' },
      'lib/adapters/aws/log.ts has more than one PutItemCommand',
    ],
    'a cycle': [
      {
        'lib/time/a.ts': "import { b } from './b.ts';",
        'lib/time/b.ts': "import type { A } from './a.ts';",
      },
      'import cycle: lib/time/a.ts → lib/time/b.ts → lib/time/a.ts',
    ],
  };
  it.each(Object.entries(planted))('%s', (_name, [sources, violation]) => {
    expect(violationsOf(sources)).toEqual([violation]);
  });

  it('and what the table allows is not', () => {
    const allowed: Sources = {
      'lib/runtime/partition-task.ts': `
        import { deflateRawSync } from 'node:zlib';
        import { digest } from '../state/digest.ts';
        import type { Plan } from '../plan/plan.ts';
        const atNoon = new Date(0); options.console = { now: time.now() };`,
      'lib/plan/plan.ts': "import type { S } from '@standard-schema/spec';",
      'lib/adapters/system/clock.ts': 'export const now = () => Date.now();',
      'functions/partition-task.ts': "import pipeline from 'virtual:pipeline';",
      'functions/pipelines/delays.ts': "import { p } from 'rivulet'; export default p;",
      'localstack/demo/start.ts': "import { n } from './naive.ts'; setTimeout(n, 1);",
    };
    expect(violationsOf(allowed)).toEqual([]);
  });
});
