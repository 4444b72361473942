// The port of the commit log by its adapter over HTTP: what the protocol relies on, as the engine asks
// for it. The rules of DynamoDB behind it are in dynamodb.test.ts.

import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamoDbCommitLog } from '../../lib/adapters/aws/dynamodb-commit-log.ts';
import type { Commit } from '../../lib/model/commit.ts';
import { asBatchNumber, asCommitId, asLogId } from '../../lib/model/ids.ts';
import type { CommitLog } from '../../lib/ports/commit-log.ts';
import { aHeader } from '../support/headers.ts';
import { freshName, openTarget, type Target } from './target.ts';

const RING = 4;

let target: Target;
let client: DynamoDBClient;
let commitLog: CommitLog;
const TableName = freshName('log');
let logs = 0;

beforeAll(async () => {
  target = await openTarget();
  client = new DynamoDBClient(target.options('http/1.1'));
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName });
  commitLog = createDynamoDbCommitLog(client, TableName);
});

afterAll(async () => {
  await client.send(new DeleteTableCommand({ TableName }));
  client.destroy();
  await target.stop();
});

function aLog() {
  logs += 1;
  const log = asLogId(`sales/1/events/shardId-${String(logs).padStart(12, '0')}`);
  const commit = (batchNumber: number, commitId: string): Commit => ({
    header: aHeader({
      log,
      ringSize: RING,
      batchNumber: asBatchNumber(batchNumber),
      commitId: asCommitId(commitId),
    }),
    body: { kind: 'inline', bytes: Uint8Array.of(0, batchNumber, 255) },
  });
  const append = (batchNumber: number, commitId = `commit-${batchNumber}`) =>
    commitLog.append(commit(batchNumber, commitId));
  return { log, commit, append };
}

const pointerTo = (batchNumber: number) => ({
  newest: {
    batchNumber: asBatchNumber(batchNumber),
    commitId: asCommitId(`commit-${batchNumber}`),
    fold: asCommitId(`fold-${batchNumber}`),
    manifest: { key: `manifests/${batchNumber}`, byteLength: 1, sha256: 'a'.repeat(64) },
  },
  previous: null,
});

describe('the commit log over HTTP', () => {
  test('the log takes one commit of twenty for a batch number, and shows it to the others', async () => {
    const { append, commit } = aLog();
    for (const batchNumber of [1, 2, 3, 4, 5]) {
      const racers = Array.from({ length: 20 }, (_, by) => `commit-${batchNumber}-${by}`);
      const answers = await Promise.all(racers.map((id) => append(batchNumber, id)));
      const winner = racers.filter((_, index) => answers[index]!.kind === 'appended');
      expect(winner).toHaveLength(1);
      const refused = { kind: 'refused', stored: commit(batchNumber, winner[0]!) };
      expect(answers.filter(({ kind }) => kind === 'refused')).toEqual(Array(19).fill(refused));
    }
  });

  test('the log refuses a writer of an earlier lap, and one that skips a lap', async () => {
    const { append, commit } = aLog();
    for (const batchNumber of [1, 2, 3, 4, 5]) {
      expect(await append(batchNumber)).toEqual({ kind: 'appended' });
    }
    const stored = commit(5, 'commit-5');
    expect(await append(1, 'late')).toEqual({ kind: 'refused', stored });
    expect(await append(13, 'early')).toEqual({ kind: 'refused', stored });
    expect(await aLog().append(5)).toEqual({ kind: 'refused', stored: null });
  });

  test('the log reads back a range of slots with its bytes, page by page', async () => {
    const { log, append, commit } = aLog();
    expect(await commitLog.exists(log)).toBe(false);
    for (const batchNumber of [1, 2, 3]) await append(batchNumber);
    const [one, two, three] = [1, 2, 3].map((number) => commit(number, `commit-${number}`));
    const read = (limit: number) =>
      commitLog.read({ log, firstSlot: 1, lastSlot: RING - 1, limit });
    expect(await read(10)).toEqual({ commits: [one, two, three], truncated: false });
    expect(await read(2)).toEqual({ commits: [one, two], truncated: true });
    expect(await commitLog.exists(log)).toBe(true);
  });

  test('the pointer of a log moves by compare-and-set, and keeps the note of an attempt', async () => {
    const { log } = aLog();
    expect(await commitLog.readPointer(log)).toEqual({ pointer: null, attempt: null });
    const note = { head: asBatchNumber(1), first: '1:0', attempts: 2, pending: null };
    await commitLog.noteAttempt({ log, ...note });
    expect(await commitLog.movePointer({ log, from: null, to: pointerTo(1) })).toBe(true);
    expect(await commitLog.movePointer({ log, from: null, to: pointerTo(2) })).toBe(false);
    expect(await commitLog.movePointer({ log, from: null, to: pointerTo(1) })).toBe(true);
    expect(await commitLog.movePointer({ log, from: pointerTo(1), to: pointerTo(3) })).toBe(true);
    expect(await commitLog.readPointer(log)).toEqual({ pointer: pointerTo(3), attempt: note });
  });
});
