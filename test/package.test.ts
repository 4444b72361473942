// The package as users get it: built, packed, laid out in a project of their own, and used there.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const project = join(import.meta.dirname, '..');
mkdirSync(join(project, '.rivulet'), { recursive: true });
// Inside the project, so that the dependencies are found in its node_modules.
const scratch = mkdtempSync(join(project, '.rivulet', 'package-'));
const staging = join(scratch, 'staging');
const installed = join(scratch, 'user', 'node_modules', 'rivulet');
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Standard output of a program that must end well. */
function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

const TSC = join(project, 'node_modules', 'typescript', 'bin', 'tsc');
const PARTS = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'lib', 'functions', 'cdk'];
const TESTS_AND_TOOLS = /(^|\/)(test|bench|localstack|node_modules|\.rivulet)\//;

/** A module that is JavaScript and TypeScript at once. */
const PIPELINE = `
  import { count, kinesis, pipeline, s3, tumbling } from 'rivulet';
  import { number, object, string } from 'valibot';
  const visits = kinesis('visits', { schema: object({ page: string(), at: number() }) })
    .partitionedBy('page');
  export default pipeline('visits')
    .from(visits)
    .withWatermark('at', '1 minute')
    .keyBy('page')
    .window(tumbling('1 minute'))
    .aggregate({ visits: count() })
    .to(s3('visits'), { mode: 'append' });`;

let packed: readonly string[] = [];

beforeAll(() => {
  run(
    process.execPath,
    [TSC, '-p', 'tsconfig.build.json', '--outDir', join(staging, 'dist')],
    project,
  );
  for (const part of PARTS) cpSync(join(project, part), join(staging, part), { recursive: true });
  const [{ files }] = JSON.parse(
    run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], staging),
  );
  packed = files.map(({ path }: { path: string }) => path);
  for (const path of packed) {
    mkdirSync(dirname(join(installed, path)), { recursive: true });
    cpSync(join(staging, path), join(installed, path));
  }
}, 120_000);

describe('the packed package', () => {
  it('holds the built library, its sources and its papers, and nothing else', () => {
    const places = new Set(packed.map((path) => path.split('/')[0]));
    expect([...places].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'cdk',
      'dist',
      'functions',
      'lib',
      'package.json',
    ]);
    expect(packed.filter((path) => TESTS_AND_TOOLS.test(path))).toEqual([]);
  });

  it('lets a user write a pipeline and synthesise its stack', { timeout: 60_000 }, () => {
    const user = join(scratch, 'user');
    writeFileSync(join(user, 'package.json'), '{ "name": "user", "type": "module" }');
    writeFileSync(join(user, 'visits.js'), PIPELINE);
    writeFileSync(
      join(user, 'app.js'),
      `import { App, Stack } from 'aws-cdk-lib';
       import { StreamingPipeline } from 'rivulet/cdk';
       const app = new App({ outdir: 'cdk.out' });
       const stack = new Stack(app, 'Visits');
       new StreamingPipeline(stack, 'Visits', { entry: 'visits.js' });
       const { template } = app.synth().getStackByName('Visits');
       console.log(JSON.stringify(Object.keys(template.Outputs)));`,
    );
    const outputs = JSON.parse(run(process.execPath, ['app.js'], user));
    expect(outputs).toEqual(expect.arrayContaining(['RivuletPipelines', 'VisitsStream']));
  });

  it('brings types that a strict project can use', { timeout: 60_000 }, () => {
    const user = join(scratch, 'user');
    writeFileSync(
      join(user, 'typed.ts'),
      `${PIPELINE}
       import type { StreamingPipelineProps } from 'rivulet/cdk';
       export const props: StreamingPipelineProps = { entry: 'typed.ts', shardCount: 1 };
       // @ts-expect-error a field that no event has
       pipeline('wrong').from(visits).keyBy('pages');`,
    );
    const strict = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2022',
    ];
    expect(run(process.execPath, [TSC, ...strict, 'typed.ts'], user)).toBe('');
  });
});
