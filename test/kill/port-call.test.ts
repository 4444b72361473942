import { expect, it } from 'vitest';
import { type PortMethod, type ProxiedRequest, portMethodOf } from './port-call.ts';

const LOG = 'Stack-CommitLog1234';

const aTableCall = (operation: string, input: object): ProxiedRequest => ({
  method: 'POST',
  path: '/',
  headers: { 'x-amz-target': `DynamoDB_20120810.${operation}` },
  body: Buffer.from(JSON.stringify(input)),
});
const anObjectCall = (
  method: string,
  path: string,
  headers: ProxiedRequest['headers'] = {},
): ProxiedRequest => ({ method, path, headers, body: Buffer.from('{}') });

const CALLS: readonly (readonly [PortMethod | null, ProxiedRequest])[] = [
  ['commits.append', aTableCall('PutItem', { TableName: LOG })],
  ['tables.publish', aTableCall('PutItem', { TableName: 'Stack-Results' })],
  ['commits.read', aTableCall('Query', { TableName: LOG })],
  ['commits.readPointer', aTableCall('GetItem', { TableName: LOG })],
  [
    'commits.movePointer',
    aTableCall('UpdateItem', { TableName: LOG, UpdateExpression: 'SET ptr = :to' }),
  ],
  [
    'commits.noteAttempt',
    aTableCall('UpdateItem', { TableName: LOG, UpdateExpression: 'SET att = :att' }),
  ],
  [null, aTableCall('Scan', { TableName: LOG })],
  ['objects.put body', anObjectCall('PUT', '/bucket/bodies/p/1-a?x-id=PutObject')],
  ['objects.put staged', anObjectCall('PUT', '/bucket/staged/p/1-a-0')],
  ['objects.put segment', anObjectCall('PUT', '/bucket/segments/p/a-0')],
  ['objects.put lineage', anObjectCall('PUT', '/bucket/lineage/p/1-2-a.json')],
  ['objects.put manifest', anObjectCall('PUT', '/bucket/manifests/p/1-a.json')],
  ['files.put', anObjectCall('PUT', '/bucket/rows/a.ndjson')],
  ['files.copy', anObjectCall('PUT', '/bucket/rows/a.ndjson', { 'x-amz-copy-source': 'b/c' })],
  ['objects.get', anObjectCall('GET', '/bucket/manifests/p/1-a.json?x-id=GetObject')],
  ['objects.list', anObjectCall('GET', '/bucket?list-type=2&prefix=segments%2Fp%2F')],
  ['objects.list', anObjectCall('GET', '/bucket/?list-type=2&prefix=segments%2Fp%2F')],
  [null, anObjectCall('HEAD', '/bucket/rows/a.ndjson')],
  ['stream.shards', anObjectCall('POST', '/', { 'x-amz-target': 'Kinesis_20131202.ListShards' })],
  [
    'stream.describe',
    anObjectCall('POST', '/', { 'x-amz-target': 'Kinesis_20131202.DescribeStreamSummary' }),
  ],
];

it.each(CALLS)('%s is told by its request', (method, request) => {
  expect(portMethodOf(request)).toBe(method);
});
