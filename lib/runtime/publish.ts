// Publication: committed rows reach the sinks, idempotently, and never before the commit. Rows too
// large to ride in the commit are staged under the commit id first, so what is published is what was
// committed, whoever publishes it: the task that committed, or whoever learns the head later.
// Objects are copied under their final name, which is the same for every repeat; table rows carry the
// fence (log, incarnation, base + N), so a repeat or a late zombie changes nothing. Functions get the
// same rows under the same id; what a repeat does is theirs to say.

import { objectKeys } from '../contract/keys.ts';
import type { BatchOutput, CommitHeader, ItemChange, OutboxEntry } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import { INLINE_OUTPUT_BYTES_MAX } from '../model/limits.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { FinalObject, ObjectPublisher, TablePublisher } from '../ports/publisher.ts';
import type { BatchFunctions } from './batch-functions.ts';
import { readVerified, referenceTo } from './manifest.ts';
import { settleAll } from './settle.ts';

export interface PublishPorts {
  readonly objects: ObjectStore;
  readonly tables: TablePublisher;
  readonly files: ObjectPublisher;
  readonly functions: BatchFunctions;
}

/** Turns outputs into outbox entries; the larger ones are staged in the engine's bucket. */
export function stageOutputs(
  objects: ObjectStore,
  outputs: readonly BatchOutput[],
  attempt: Pick<CommitHeader, 'log' | 'batchNumber' | 'commitId'>,
): Promise<readonly OutboxEntry[]> {
  let inlineBytes = 0;
  const entries = outputs.map(async ({ bytes, ...output }, index): Promise<OutboxEntry> => {
    if (inlineBytes + bytes.length <= INLINE_OUTPUT_BYTES_MAX) {
      inlineBytes += bytes.length;
      return { ...output, payload: { kind: 'inline', bytes } };
    }
    const { log, batchNumber, commitId } = attempt;
    const key = objectKeys.staged(log, batchNumber, commitId, index);
    await objects.put({ key, bytes });
    return { ...output, payload: { kind: 'staged', object: referenceTo(key, bytes) } };
  });
  return settleAll(entries);
}

/** Publishes the outbox of a commit that is in the log. */
export async function publishOutbox(
  ports: PublishPorts,
  commit: { readonly header: CommitHeader; readonly outbox: readonly OutboxEntry[] },
  deadlineMs: number,
): Promise<void> {
  const { header } = commit;
  await settleAll(
    commit.outbox.map(async (entry) => {
      const { target, sinkUid } = entry;
      switch (target.kind) {
        case 's3':
          return publishObject(ports, entry, { ...target, deadlineMs });
        case 'dynamodb':
          return publishRows(ports, entry, { tableName: target.tableName, header, deadlineMs });
        case 'function': {
          const bytes = await bytesOf(ports, entry);
          const { batchId } = target;
          return ports.functions.handOver({ sinkUid, batchId, bytes }, deadlineMs);
        }
        default:
          throw new EngineError('data', `rows of '${sinkUid}' are for a place of a newer version`, {
            code: 'unknown-target',
          });
      }
    }),
  );
}

const bytesOf = async (ports: PublishPorts, { payload }: OutboxEntry) =>
  payload.kind === 'inline' ? payload.bytes : await readVerified(ports.objects, payload.object);

async function publishObject(
  ports: PublishPorts,
  entry: OutboxEntry,
  target: FinalObject,
): Promise<void> {
  const { bucketName, key, deadlineMs } = target;
  const { payload } = entry;
  if (payload.kind === 'inline') {
    await ports.files.put({ bucketName, key, deadlineMs, bytes: payload.bytes });
    return;
  }
  const copied = await ports.files.copy({
    stagedKey: payload.object.key,
    bucketName,
    key,
    deadlineMs,
  });
  if (copied || (await ports.files.exists({ bucketName, key, deadlineMs }))) return;
  throw new EngineError(
    'data',
    `staged object ${payload.object.key} is missing and was not published`,
    {
      code: 'object-missing',
    },
  );
}

async function publishRows(
  ports: PublishPorts,
  entry: OutboxEntry,
  to: { readonly tableName: string; readonly header: CommitHeader; readonly deadlineMs: number },
): Promise<void> {
  const bytes = await bytesOf(ports, entry);
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  const { header, tableName, deadlineMs } = to;
  await ports.tables.publish({
    tableName,
    changes: lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ItemChange),
    fence: {
      log: header.log,
      incarnation: header.incarnation,
      n: header.base + header.batchNumber,
    },
    deadlineMs,
  });
}
