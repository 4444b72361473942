import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { GetEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../../localstack/embedded/embedded-cloud.ts';
import { Refused } from '../../../localstack/embedded/refused.ts';
import { type Clients, copiedValues, createClients } from './fixtures/clients.ts';
import { aStack } from './fixtures/stack.ts';

let cloud: EmbeddedCloud;
let clients: Clients;

beforeEach(async () => {
  cloud = await startEmbeddedCloud({ port: 0 });
  clients = createClients(cloud.endpoint);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  clients.destroy();
  await cloud.stop();
});

async function push(StreamName: string, value: object): Promise<void> {
  const Data = Buffer.from(JSON.stringify(value));
  await clients.kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: 'key', Data }));
}

describe('a deployed stack', () => {
  it('hands records of its stream to its function', async () => {
    const outputs = await cloud.deploy([aStack()]);
    await push(outputs['StreamName']!, { n: 1 });
    await push(outputs['StreamName']!, { n: 2 });
    await expect
      .poll(() => copiedValues(clients, outputs['TableName']!))
      .toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('goes on where it was when it is deployed again with another function', async () => {
    const first = await cloud.deploy([aStack({ release: 'a' })]);
    await push(first['StreamName']!, { n: 1 });
    await expect.poll(() => copiedValues(clients, first['TableName']!)).toHaveLength(1);
    const second = await cloud.deploy([aStack({ release: 'b' })]);
    expect(second).toEqual({ ...first, LiveVersion: '2' });
    await push(first['StreamName']!, { n: 2 });
    await expect.poll(() => copiedValues(clients, first['TableName']!)).toHaveLength(2);
  });

  it('has a version that rises with each change, with a roll-back too, and not without one', async () => {
    const versions: (string | undefined)[] = [];
    for (const release of ['a', 'a', 'b', 'a']) {
      versions.push((await cloud.deploy([aStack({ release })]))['LiveVersion']);
    }
    expect(versions).toEqual(['1', '1', '2', '3']);
  });

  it('loses what its template no longer has, and keeps what is to be retained', async () => {
    const source = aStack();
    const outputs = await cloud.deploy([source]);
    const { Role } = source.template.Resources;
    const template = { Resources: { Role: Role! } };
    await cloud.deploy([{ ...source, template }]);
    const gone = clients.lambda.send(
      new GetEventSourceMappingCommand({ UUID: outputs['MappingId']! }),
    );
    await expect(gone).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(await copiedValues(clients, outputs['TableName']!)).toEqual([]);
  });

  it('leaves out resources and outputs whose condition does not hold', async () => {
    const { template, ...source } = aStack();
    const outputs = await cloud.deploy([
      {
        ...source,
        template: {
          ...template,
          Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
          Resources: {
            ...template.Resources,
            Absent: { Type: 'AWS::Unheard::Of', Condition: 'Never' },
          },
          Outputs: { Absent: { Value: 'x', Condition: 'Never' }, There: { Value: 'y' } },
        },
      },
    ]);
    expect(outputs).toEqual({ There: 'y' });
  });
});

describe('a deployment is refused', () => {
  it('for a type that is not offered, by its name and before anything exists', async () => {
    const resources = { Cache: { Type: 'AWS::ElastiCache::CacheCluster' } };
    const deployed = cloud.deploy([aStack({ resources })]);
    await expect(deployed).rejects.toThrowError(Refused);
    await expect(deployed).rejects.toThrowError(/Cache .*AWS::ElastiCache::CacheCluster/);
    const outputs = await cloud.deploy([aStack()]);
    expect(outputs['LiveVersion']).toBe('1');
  });

  it("with the service's own words when a service refuses", async () => {
    const resources = {
      Bad: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: { FunctionName: { Ref: 'Live' }, EventSourceArn: 'arn:aws:kinesis:none' },
      },
    };
    const deployed = cloud.deploy([aStack({ resources })]);
    await expect(deployed).rejects.toThrowError(
      /Bad \(AWS::Lambda::EventSourceMapping\): .*Stream not found: arn:aws:kinesis:none/,
    );
  });

  it('when the code of a function is not in the assembly', async () => {
    const deployed = cloud.deploy([{ ...aStack(), assets: new Map() }]);
    await expect(deployed).rejects.toThrowError(/Copier .*NoSuchBucket.*copier\.zip/);
  });

  it('when the folder is no cloud assembly', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rivulet-none-'));
    await expect(cloud.deploy(folder)).rejects.toThrowError(/no manifest\.json/);
    rmSync(folder, { recursive: true });
  });
});

describe('a cloud', () => {
  it('on a port that is taken is refused, and leaves nothing behind', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'rivulet-taken-'));
    vi.stubEnv('TMPDIR', temporary);
    const port = Number(new URL(cloud.endpoint).port);
    await expect(startEmbeddedCloud({ port })).rejects.toThrowError(
      new RegExp(`^port ${port} is taken`),
    );
    expect(readdirSync(temporary)).toEqual([]);
    rmSync(temporary, { recursive: true });
  });
});
