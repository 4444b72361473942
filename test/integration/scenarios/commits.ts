// What the engine wrote down about its commits: the slots of the log, the lineage of those that were
// folded, and the pointer to the newest checkpoint.

import { GetItemCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { readNdjson } from '../../../localstack/demo/outputs.ts';
import {
  type Audit,
  auditEntries,
  entriesOfLineage,
  entriesOfLog,
  type LineageLine,
} from '../../kill/ledger.ts';
import type { Clients } from './clients.ts';
import type { Deployed } from './deployment.ts';

/** All commits of a pipeline as one audit: whether they tile the shards, and what they counted. */
export async function auditOf(
  { dynamodb, s3 }: Clients,
  { log, checkpoints }: Deployed,
): Promise<Audit> {
  const lines = await readNdjson<LineageLine>(s3, { bucket: checkpoints, prefix: 'lineage/' });
  return auditEntries([...(await entriesOfLog(dynamodb, log)), ...entriesOfLineage(lines)]);
}

/** How many records the commits cover, each once. */
export async function recordsCommitted(clients: Clients, deployed: Deployed): Promise<number> {
  const { totals } = await auditOf(clients, deployed);
  return totals.in - totals.duplicate;
}

/** Who wrote a commit, and from which checkpoint its writer knew the state. */
export interface Authorship {
  readonly log: string;
  readonly batchNumber: number;
  readonly code: string;
  readonly deployEpoch: number;
  /** `batch:fold`; `null` where no checkpoint was known. */
  readonly checkpoint: string | null;
}

/** The commits that are still in their slots, by batch number. */
export async function authorshipOf(
  { dynamodb }: Clients,
  { log }: Deployed,
): Promise<readonly Authorship[]> {
  const found: Authorship[] = [];
  const pages = paginateScan(
    { client: dynamodb },
    {
      TableName: log,
      ConsistentRead: true,
      ProjectionExpression: 'pk, n, code, ep, #snap',
      ExpressionAttributeNames: { '#snap': 'snap' },
    },
  );
  for await (const { Items = [] } of pages) {
    for (const item of Items) {
      if (item['n'] === undefined) continue; // The pointer item.
      found.push({
        log: item['pk']!.S!,
        batchNumber: Number(item['n'].N),
        code: item['code']!.S!,
        deployEpoch: Number(item['ep']!.N),
        checkpoint: item['snap']?.S ?? null,
      });
    }
  }
  return found.sort((one, other) => one.batchNumber - other.batchNumber);
}

/** A checkpoint as the pointer names it. */
export interface CheckpointName {
  readonly batchNumber: number;
  readonly fold: string;
  readonly manifest: { readonly key: string };
}

/** The pointer item of a log: its newest checkpoint, and the starts at one record that nobody survived. */
export async function pointerOf(
  { dynamodb }: Clients,
  { log: table }: Deployed,
  log: string,
): Promise<{ readonly newest: CheckpointName | null; readonly attempts: number }> {
  const { Item: item } = await dynamodb.send(
    new GetItemCommand({
      TableName: table,
      Key: { pk: { S: log }, sk: { N: '-1' } },
      ConsistentRead: true,
    }),
  );
  const pointer = JSON.parse(item?.['ptr']?.S ?? '{"newest":null}');
  const note = JSON.parse(item?.['att']?.S ?? '{"attempts":0}');
  return { newest: pointer.newest, attempts: note.attempts };
}
