import { connect } from 'node:net';
import { crc32 } from 'node:zlib';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { decode, encode, Tagged } from 'cborg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../../localstack/embedded/embedded-cloud.ts';
import { type Clients, createClients } from './fixtures/clients.ts';

const RECORD_BYTES = 20_000;
const RECORD_COUNT = 500;

let cloud: EmbeddedCloud;
let clients: Clients;
let shardId: string;

beforeAll(async () => {
  cloud = await startEmbeddedCloud({ port: 0 });
  clients = createClients(cloud.endpoint);
  await clients.kinesis.send(new CreateStreamCommand({ StreamName: 'events', ShardCount: 1 }));
  const { Shards } = await clients.kinesis.send(new ListShardsCommand({ StreamName: 'events' }));
  shardId = Shards![0]!.ShardId!;
  await clients.kinesis.send(
    new PutRecordsCommand({
      StreamName: 'events',
      Records: Array.from({ length: RECORD_COUNT }, (_, index) => ({
        PartitionKey: `key-${index}`,
        Data: Buffer.alloc(RECORD_BYTES, index % 256),
      })),
    }),
  );
});
afterAll(async () => {
  clients.destroy();
  await cloud.stop();
});

async function readAll(kinesis: KinesisClient) {
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName: 'events',
      ShardId: shardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
  return Records;
}

async function post(
  target: string,
  contentType: string,
  body: string | Uint8Array<ArrayBuffer> | Buffer,
) {
  const answer = await fetch(cloud.endpoint, {
    method: 'POST',
    headers: { 'content-type': contentType, 'x-amz-target': target },
    body,
  });
  return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
}

describe('one port', () => {
  it('gives answers of 10 MB to the default client over HTTP/2, several at once', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => readAll(clients.kinesis)));
    for (const records of answers) {
      expect(records).toHaveLength(RECORD_COUNT);
      expect(records.at(-1)!.Data).toHaveLength(RECORD_BYTES);
      expect(records[7]!.Data![0]).toBe(7);
      expect(records[0]!.ApproximateArrivalTimestamp).toBeInstanceOf(Date);
    }
  });

  it('gives the same to a client that speaks HTTP/1.1', async () => {
    const [http1, http2] = await Promise.all([
      readAll(clients.kinesisHttp1),
      readAll(clients.kinesis),
    ]);
    expect(http1.map(({ SequenceNumber }) => SequenceNumber)).toEqual(
      http2.map(({ SequenceNumber }) => SequenceNumber),
    );
  });

  it('tells the versions apart when the first bytes come one by one', async () => {
    const { port } = new URL(cloud.endpoint);
    const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
    const text =
      'PUT / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
    for (const character of text.slice(0, 4)) {
      await new Promise<void>((resolve) => socket.write(character, () => resolve()));
    }
    socket.write(text.slice(4));
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 501 /);
  });

  it('listens on loopback only', () => {
    expect(new URL(cloud.endpoint).hostname).toBe('127.0.0.1');
  });
});

describe('Kinesis in CBOR, as the SDK for Java speaks it', () => {
  const CBOR = 'application/x-amz-cbor-1.1';
  const call = async (operation: string, input: object) => {
    const { answer, bytes } = await post(`Kinesis_20131202.${operation}`, CBOR, encode(input));
    const readTime = (content: () => unknown) => ({ epochMs: content() });
    return {
      status: answer.status,
      contentType: answer.headers.get('content-type'),
      output: decode(bytes, { tags: { 1: readTime } }) as Record<string, unknown>,
    };
  };

  it('takes blobs as bytes and gives times with tag 1 in milliseconds', async () => {
    const before = Date.now();
    const put = await call('PutRecord', {
      StreamName: 'events',
      PartitionKey: 'java',
      Data: new Uint8Array([0, 255, 128]),
    });
    expect(put).toMatchObject({ status: 200, contentType: CBOR });
    const iterator = await call('GetShardIterator', {
      StreamName: 'events',
      ShardId: shardId,
      ShardIteratorType: 'AT_TIMESTAMP',
      Timestamp: new Tagged(1, before),
    });
    const read = await call('GetRecords', { ShardIterator: iterator.output['ShardIterator'] });
    const [record] = read.output['Records'] as Record<string, unknown>[];
    expect(record).toMatchObject({ PartitionKey: 'java', Data: new Uint8Array([0, 255, 128]) });
    const { epochMs } = record!['ApproximateArrivalTimestamp'] as { epochMs: number };
    expect(epochMs).toBeGreaterThanOrEqual(before);
    expect(epochMs).toBeLessThanOrEqual(Date.now());
  });

  it('reads maps of indefinite length', async () => {
    const definite = encode({ StreamName: 'events' });
    const indefinite = Buffer.concat([
      Buffer.from([0xbf]),
      definite.subarray(1),
      Buffer.from([0xff]),
    ]);
    const { answer } = await post('Kinesis_20131202.DescribeStreamSummary', CBOR, indefinite);
    expect(answer.status).toBe(200);
  });

  it('refuses in CBOR with the type of the error', async () => {
    const { status, output } = await call('DescribeStreamSummary', { StreamName: 'none' });
    expect(status).toBe(400);
    expect(output['__type']).toBe('ResourceNotFoundException');
  });
});

describe('JSON', () => {
  it('answers of DynamoDB carry the CRC-32 of their body', async () => {
    const { answer, bytes } = await post(
      'DynamoDB_20120810.ListTables',
      'application/x-amz-json-1.0',
      '{}',
    );
    expect(answer.headers.get('x-amz-crc32')).toBe(String(crc32(bytes)));
  });

  it.each([
    ['not JSON', '{'],
    ['not a structure', '7'],
    ['nothing but depth', `${'['.repeat(200_000)}`],
  ])('a body that is %s is a SerializationException', async (_what, body) => {
    const { answer, bytes } = await post(
      'DynamoDB_20120810.ListTables',
      'application/x-amz-json-1.0',
      body,
    );
    expect(answer.status).toBe(400);
    expect(JSON.parse(bytes.toString()).__type).toMatch(/#SerializationException$/);
  });

  it('a service that is not there is named', async () => {
    const { answer, bytes } = await post(
      'AmazonSQS.SendMessage',
      'application/x-amz-json-1.0',
      '{}',
    );
    expect(answer.status).toBe(400);
    expect(bytes.toString()).toContain('AmazonSQS');
  });
});

describe('parameters of SSM', () => {
  it('are read from the stacks that hold them', async () => {
    const Properties = { Type: 'String', Name: '/a', Value: 'one' };
    const Resources = { P: { Type: 'AWS::SSM::Parameter', Properties } };
    const templateBody = JSON.stringify({ Resources });
    await cloud.deployTemplate({ stackName: 'Parameters', templateBody });
    const ask = async (operation: string, input: object) => {
      const target = `AmazonSSM.${operation}`;
      const { bytes } = await post(target, 'application/x-amz-json-1.1', JSON.stringify(input));
      return JSON.parse(bytes.toString());
    };
    expect(await ask('GetParameter', { Name: '/a' })).toMatchObject({
      Parameter: { Name: '/a', Value: 'one', Type: 'String' },
    });
    expect(await ask('GetParameter', { Name: '/b' })).toMatchObject({
      __type: 'ParameterNotFound',
    });
    expect(await ask('GetParameters', { Names: ['/a', '/b'] })).toMatchObject({
      Parameters: [{ Name: '/a' }],
      InvalidParameters: ['/b'],
    });
    expect(await ask('PutParameter', {})).toMatchObject({ __type: 'InvalidAction' });
  });
});

describe('the Query protocol', () => {
  const query = async (form: string) => {
    const answer = await fetch(cloud.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form,
    });
    return { status: answer.status, text: await answer.text() };
  };

  it('says who the caller is', async () => {
    const { status, text } = await query('Action=GetCallerIdentity&Version=2011-06-15');
    expect(status).toBe(200);
    expect(text).toContain('<Account>000000000000</Account>');
  });

  it('gives credentials for a role that a stack has made, and for no other', async () => {
    const take = (name: string) =>
      query(
        `Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn=${encodeURIComponent(`arn:aws:iam::000000000000:role/${name}`)}`,
      );
    expect(await take('mine')).toMatchObject({
      status: 403,
      text: expect.stringContaining('is not authorized to perform: sts:AssumeRole'),
    });
    const Resources = { R: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'mine' } } };
    await cloud.deployTemplate({ stackName: 'Roles', templateBody: JSON.stringify({ Resources }) });
    const { status, text } = await take('mine');
    expect(status).toBe(200);
    expect(text).toContain('assumed-role/mine/me');
    expect(text).toMatch(/<AccessKeyId>\w+<.*<SessionToken>\w+</);
  });

  it('refuses what it does not offer by its name', async () => {
    const { status, text } = await query('Action=DetectStackDrift&Version=2010-05-15');
    expect(status).toBe(400);
    expect(text).toContain('DetectStackDrift');
  });
});
