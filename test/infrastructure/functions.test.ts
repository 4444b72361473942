import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleFunction, functionSource } from '../../cdk/bundling/bundle.ts';
import { ENVIRONMENT } from '../../lib/contract/environment.ts';
import { text } from '../support/iam.ts';
import {
  addPipeline,
  aStack,
  aTemplate,
  PROJECT,
  resourcesOf,
  theResource,
} from '../support/synthesis.ts';

/** The hot path has to start fast: DESIGN of the engine, "handler bundle, minified". */
const BUNDLE_BYTES_MAX = 600 * 1_024;

const template = aTemplate();

describe('both functions', () => {
  const functions = Object.entries(resourcesOf(template, 'AWS::Lambda::Function'));

  it.each(functions)('%s runs on Node 22 on ARM with one full processor', (_id, { Properties }) => {
    expect(Properties).toMatchObject({
      Runtime: 'nodejs22.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 1_769,
    });
    expect(Properties['ReservedConcurrentExecutions']).toBeUndefined();
  });

  it.each(functions)('%s knows everything that the contract names', (_id, { Properties }) => {
    const { Variables } = Properties['Environment'] as { readonly Variables: object };
    expect(Object.keys(Variables).sort()).toEqual(Object.values(ENVIRONMENT).sort());
    expect(Variables).toMatchObject({
      [ENVIRONMENT.pipeline]: 'call-records',
      [ENVIRONMENT.source]: 'calls',
      [ENVIRONMENT.recordAgeMaxS]: '604800',
      [ENVIRONMENT.onGap]: 'fail',
      [ENVIRONMENT.codeHash]: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  it('each writes a log of its own that is kept for a month', () => {
    const logs = functions.map(([, { Properties }]) => JSON.stringify(Properties['LoggingConfig']));
    expect(new Set(logs).size).toBe(2);
    for (const { Properties } of Object.values(resourcesOf(template, 'AWS::Logs::LogGroup'))) {
      expect(Properties).toEqual({ RetentionInDays: 30 });
    }
  });

  it('each has its own code, and the task that of its pipeline', () => {
    const stack = aStack();
    addPipeline(stack, 'call-records');
    addPipeline(stack, 'archive');
    const both = Template.fromStack(stack);
    const codeOf = (id: RegExp) => {
      const { Code, Environment } = theResource(both, 'AWS::Lambda::Function', id).Properties as {
        readonly Code: { readonly S3Key: string };
        readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
      };
      return { key: Code.S3Key, hash: Environment.Variables[ENVIRONMENT.codeHash] };
    };
    const codes = [/^callrecordsPartitionTask/, /^archivePartitionTask/, /^archiveMaintenance/].map(
      codeOf,
    );
    expect(new Set(codes.map(({ key }) => key)).size).toBe(3);
    expect(new Set(codes.map(({ hash }) => hash)).size).toBe(3);
    expect(codeOf(/^callrecordsMaintenance/)).toEqual(codeOf(/^archiveMaintenance/));
  });

  it('maintenance runs every five minutes and ends before the next run', () => {
    expect(theResource(template, 'AWS::Events::Rule').Properties).toMatchObject({
      ScheduleExpression: 'rate(5 minutes)',
      State: 'ENABLED',
    });
    const maintenance = theResource(template, 'AWS::Lambda::Function', /Maintenance/);
    expect(maintenance.Properties['Timeout']).toBe(300);
  });

  it('settings follow the properties', () => {
    const other = aTemplate({
      memorySize: 3_008,
      timeout: Duration.minutes(15),
      checkpointInterval: Duration.hours(1),
      logRetention: RetentionDays.ONE_YEAR,
      onGap: 'warn',
    });
    const task = theResource(other, 'AWS::Lambda::Function', /PartitionTask/).Properties;
    expect(task).toMatchObject({ MemorySize: 3_008, Timeout: 900 });
    expect(task['Environment']).toMatchObject({ Variables: { [ENVIRONMENT.onGap]: 'warn' } });
    expect(theResource(other, 'AWS::Events::Rule').Properties['ScheduleExpression']).toBe(
      'rate(1 hour)',
    );
    for (const { Properties } of Object.values(resourcesOf(other, 'AWS::Logs::LogGroup'))) {
      expect(Properties).toEqual({ RetentionInDays: 365 });
    }
  });
});

describe('a bundle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const delays = join(PROJECT, 'functions', 'pipelines', 'delays.ts');
  const bundles = {
    'partition-task': bundleFunction(functionSource('partition-task'), delays).text,
    maintenance: bundleFunction(functionSource('maintenance'), delays).text,
  };
  /** What the deployed task is given, with logical ids where CloudFormation puts names. */
  function environmentOf(entry: string): Readonly<Record<string, string>> {
    const stack = aStack();
    addPipeline(stack, 'deployed', { entry });
    const task = theResource(Template.fromStack(stack), 'AWS::Lambda::Function', /PartitionTask/)
      .Properties['Environment'] as { readonly Variables: Readonly<Record<string, unknown>> };
    const variables = Object.entries(task.Variables).map(([name, value]) => [name, text(value)]);
    return { ...Object.fromEntries(variables), AWS_REGION: 'us-east-1' };
  }

  it.each(Object.entries(bundles))('of %s starts in plain Node', (name, code) => {
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, code);
    const program = `console.log(typeof (await import(${JSON.stringify(pathToFileURL(file))})).handler)`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder,
      env: environmentOf(delays),
      encoding: 'utf8',
    });
    expect(printed.trim()).toBe('function');
  });

  it.each(Object.entries(bundles))('of %s holds no path of this machine', (_name, code) => {
    expect(code).not.toContain(PROJECT);
    expect(code).not.toContain('sourceMappingURL');
    expect(code).not.toMatch(/\/(home|root|Users)\//);
  });

  it.each(Object.entries(bundles))('of %s holds no secret', (_name, code) => {
    expect(code).not.toMatch(/\b(AKIA|ASIA)[A-Z0-9]{16}\b/);
    expect(code).not.toContain('PRIVATE KEY-----');
  });

  it.each(Object.entries(bundles))(
    'of %s takes its credentials from Lambda alone',
    (_name, code) => {
      const searched = ['sso_start_url', 'web_identity_token_file', 'credential_process'];
      expect(code.includes('AWS_SESSION_TOKEN')).toBe(true);
      expect(searched.filter((name) => code.includes(name))).toEqual([]);
    },
  );

  it('of the hot path is small', () => {
    const bytes = Buffer.byteLength(bundles['partition-task']);
    process.stdout.write(`bundle of the partition task: ${(bytes / 1_024).toFixed(0)} KB\n`);
    expect(bytes).toBeLessThanOrEqual(BUNDLE_BYTES_MAX);
  });

  it('depends on what the sources say and not on where they are', () => {
    const entry = (name: string) => {
      const file = join(folder, `${name}.ts`);
      writeFileSync(file, 'export default { plan: () => 1 };\n');
      return file;
    };
    const source = join(folder, 'function.ts');
    writeFileSync(
      source,
      "import pipeline from 'virtual:pipeline';\nexport const handler = () => pipeline.plan();\n",
    );
    const one = bundleFunction(source, entry('one'));
    const two = bundleFunction(source, entry('two'));
    expect(two).toEqual(one);
    expect(one.codeHash).toMatch(/^[0-9a-f]{16}$/);
  });
});
