// The unmodified command line of the CDK against the embedded cloud: what it says is what it says in
// an account.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListShardsCommand, ListStreamsCommand, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { GetFunctionConfigurationCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootstrap } from '../../../localstack/bootstrap.ts';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../../localstack/embedded/embedded-cloud.ts';
import { type AppVariant, synthesiseApp } from './fixtures/cdk-app.ts';
import { runCdk } from './fixtures/cdk-command.ts';
import { type Clients, copiedValues, createClients } from './fixtures/clients.ts';

const home = mkdtempSync(join(tmpdir(), 'rivulet-cdk-home-'));
const assemblies = new Map<string, string>();

let cloud: EmbeddedCloud;
let clients: Clients;

beforeEach(async () => {
  cloud = await startEmbeddedCloud();
  clients = createClients(cloud.endpoint);
});
afterEach(async () => {
  clients.destroy();
  await cloud.stop();
});
afterAll(() => {
  for (const folder of [home, ...assemblies.values()]) rmSync(folder, { recursive: true });
});

/** The folder of a variant, synthesised once. */
function appOf(variant: AppVariant): string {
  const name = JSON.stringify(variant);
  const folder = assemblies.get(name) ?? synthesiseApp(variant);
  assemblies.set(name, folder);
  return folder;
}

async function cdk(command: string, variant: AppVariant = {}) {
  const { code, text } = await runCdk(
    cloud.endpoint,
    { home, app: appOf(variant) },
    command.split(' '),
  );
  return { code, text };
}

const deploy = (variant: AppVariant = {}, how = '') =>
  cdk(
    `deploy --all --require-approval never --concurrency 2${how === '' ? '' : ` ${how}`}`,
    variant,
  );

async function push(value: object): Promise<void> {
  await clients.kinesis.send(
    new PutRecordCommand({
      StreamName: cloud.outputs()['StreamName']!,
      PartitionKey: 'key',
      Data: Buffer.from(JSON.stringify(value)),
    }),
  );
}

async function whatIsThere() {
  const [streams, tables, buckets, functions] = await Promise.all([
    clients.kinesis.send(new ListStreamsCommand({})),
    clients.dynamodb.send(new ListTablesCommand({})),
    clients.s3.send(new ListBucketsCommand({})),
    clients.lambda.send(new ListFunctionsCommand({})),
  ]);
  return {
    streams: streams.StreamNames ?? [],
    tables: tables.TableNames ?? [],
    buckets: (buckets.Buckets ?? []).map(({ Name }) => Name).filter((name) => !/^cdk-/.test(name!)),
    functions: (functions.Functions ?? []).map(({ FunctionName }) => FunctionName),
  };
}

const NOTHING = { streams: [], tables: [], buckets: [], functions: [] };
const CACHE = { Cache: { type: 'AWS::ElastiCache::CacheCluster', properties: {} } };
/** A mapping that Lambda refuses when it is made. */
const BAD_MAPPING = {
  Bad: {
    type: 'AWS::Lambda::EventSourceMapping',
    properties: { FunctionName: 'nobody', EventSourceArn: 'arn:none', StartingPosition: 'LATEST' },
  },
};

// A command takes a second or two of a processor of its own.
describe('the CDK against the embedded cloud', { timeout: 120_000 }, () => {
  it('bootstraps, deploys, finds no changes, shows them, deploys them, and destroys', async () => {
    const bootstrapped = await cdk('bootstrap');
    expect(bootstrapped.text).toContain('Environment aws://000000000000/us-east-1 bootstrapped.');
    expect(bootstrapped.code).toBe(0);

    const first = await deploy();
    expect(first.text).toMatch(/CREATE_COMPLETE +\| AWS::CloudFormation::Stack +\| Copy/);
    expect(first.text).toContain(`Copy.TableName = ${cloud.outputs()['TableName']}`);
    expect(first.code).toBe(0);
    const { TableName, StreamName } = cloud.outputs() as Record<string, string>;
    await push({ n: 1 });
    await expect.poll(() => copiedValues(clients, TableName!)).toEqual([{ n: 1 }]);

    expect((await deploy()).text).toContain('Copy (no changes)');

    const next = { shardCount: 2, release: 'b' };
    const diff = await cdk('diff', next);
    expect(diff.text).toMatch(/ShardCount\s+.*1\s+.*2/);
    expect(diff.text).toMatch(/RELEASE:\s+\S+ \[-\] a\s+\S+ \[\+\] b/);
    expect((await deploy(next)).text).toMatch(/UPDATE_COMPLETE +\| AWS::Lambda::Function/);
    expect(cloud.outputs()).toMatchObject({ TableName, StreamName });
    const { Shards } = await clients.kinesis.send(new ListShardsCommand({ StreamName }));
    expect(Shards?.length).toBeGreaterThan(1);
    await push({ n: 2 });
    await expect.poll(() => copiedValues(clients, TableName!)).toHaveLength(2);

    const destroyed = await cdk('destroy --force', next);
    expect(destroyed.text).toContain('Copy: destroyed');
    expect(await whatIsThere()).toEqual({ ...NOTHING, tables: [TableName] });
    await expect.poll(() => cloud.sandboxes()).toEqual([]);
    expect(await copiedValues(clients, TableName!)).toHaveLength(2);
  });

  it('deploys directly, and again with changes', async () => {
    await bootstrap(cloud);
    expect(await deploy({}, '--method=direct')).toMatchObject({ code: 0 });
    const { text } = await deploy({ release: 'b' }, '--method=direct');
    expect(text).toMatch(/UPDATE_COMPLETE +\| AWS::Lambda::Function +\| .*Copier/);
    expect(text).not.toContain('AWS::Kinesis::Stream');
  });

  it('swaps a function in place, and the next deployment finds it changed', async () => {
    await bootstrap(cloud);
    await deploy();
    const FunctionName = cloud.outputs()['FunctionName']!;
    const released = async () => {
      const command = new GetFunctionConfigurationCommand({ FunctionName });
      return (await clients.lambda.send(command)).Environment?.Variables?.['RELEASE'];
    };
    expect(await released()).toBe('a');
    const swapped = await deploy({ release: 'b' }, '--hotswap');
    expect(swapped.text).toContain('hotswapped!');
    expect(swapped.code).toBe(0);
    expect(await released()).toBe('b');
    expect(await deploy({ release: 'b' })).toMatchObject({
      code: 0,
      text: expect.stringMatching(/UPDATE_COMPLETE +\| AWS::Lambda::Function +\| .*Copier/),
    });
    expect(await released()).toBe('b');
  });

  it('prepares a change set, and executes it later', async () => {
    await bootstrap(cloud);
    await cdk('deploy Copy --method=prepare-change-set --change-set-name later');
    expect(await whatIsThere()).toEqual(NOTHING);
    const { text } = await cdk('deploy Copy --method=execute-change-set --change-set-name later');
    expect(text).toContain('✅  Copy');
    expect((await whatIsThere()).streams).toHaveLength(1);
  });

  it('deploys a stack that imports what another one exports', async () => {
    await bootstrap(cloud);
    const { code, text } = await deploy({ reader: true });
    expect(text).toMatch(/CREATE_COMPLETE +\| AWS::SSM::Parameter +\| Parameter/);
    expect(code).toBe(0);
  });

  it('fails with the name of a type that is not offered, before anything is touched', async () => {
    await bootstrap(cloud);
    const { code, text } = await deploy({ extra: CACHE });
    expect(text).toContain('Unrecognized resource types: [AWS::ElastiCache::CacheCluster]');
    expect(text).toContain('Cache of AWS::ElastiCache::CacheCluster');
    expect(code).toBe(1);
    expect(await whatIsThere()).toEqual(NOTHING);
  });

  it('is told that an environment is not bootstrapped', async () => {
    const { code, text } = await deploy();
    expect(text).toContain("Please run 'cdk bootstrap'");
    expect(code).toBe(1);
  });

  it('takes a creation back that fails, says why, and succeeds the next time', async () => {
    await bootstrap(cloud);
    const failed = await deploy({ extra: BAD_MAPPING });
    expect(failed.text).toMatch(/CREATE_FAILED +\| AWS::Lambda::EventSourceMapping +\| Bad/);
    expect(failed.text).toContain('Function not found: nobody');
    expect(failed.text).toMatch(/ROLLBACK_COMPLETE +\| AWS::CloudFormation::Stack/);
    expect(failed.code).toBe(1);
    expect(await whatIsThere()).toMatchObject({ ...NOTHING, tables: [expect.anything()] });
    expect(await deploy()).toMatchObject({ code: 0 });
  });

  it('takes an update back that fails, and what was there goes on', async () => {
    await bootstrap(cloud);
    await deploy();
    const failed = await deploy({ release: 'b', extra: BAD_MAPPING });
    expect(failed.text).toMatch(/UPDATE_ROLLBACK_COMPLET\w* +\| AWS::CloudFormation::Stack/);
    expect(failed.code).toBe(1);
    expect((await deploy()).text).toContain('Copy (no changes)');
    await push({ n: 1 });
    await expect.poll(() => copiedValues(clients, cloud.outputs()['TableName']!)).toHaveLength(1);
  });

  it('does not destroy a bucket that holds something, and does when it is empty', async () => {
    await bootstrap(cloud);
    await deploy();
    const kept = { Bucket: cloud.outputs()['KeptBucket']!, Key: 'kept' };
    await clients.s3.send(new PutObjectCommand({ ...kept, Body: 'x' }));
    const failed = await cdk('destroy --force');
    expect(failed.text).toContain('The bucket you tried to delete is not empty');
    expect(failed.code).toBe(1);
    expect(await whatIsThere()).toMatchObject({ buckets: [kept.Bucket], functions: [] });
    await clients.s3.send(new DeleteObjectCommand(kept));
    expect(await cdk('destroy --force')).toMatchObject({ code: 0 });
    expect((await whatIsThere()).buckets).toEqual([]);
  });
});
