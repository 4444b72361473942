// How a task comes to know the head of its log other than by finishing its own publication: by a cold
// start, by a refused append, by catching up. Whoever learns a head publishes its outbox again before
// anything else, because the invocation that committed it may have died before it published. A head
// written by newer code, by another plan or for another stream is refused before anything is processed.

import { logIdOf } from '../contract/keys.ts';
import type { Commit, CommitHeader } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import type { ShardId } from '../model/ids.ts';
import type { ShardDescription, SourceStream, StreamDescription } from '../ports/source-stream.ts';
import { coveredTo } from '../protocol/checkpoint.ts';
import { sha256Hex } from '../state/digest.ts';
import { type PublishPorts, publishOutbox } from './publish.ts';
import { catchUp, type LearnedHead, type RecoveryPorts, readContent, recover } from './recover.ts';
import { settleAll } from './settle.ts';
import type { WarmState } from './warm-states.ts';

/** Version of the stored commit format this code reads and writes. */
export const COMMIT_FORMAT_VERSION = 1;

export interface TaskIdentity {
  readonly pipeline: string;
  readonly stage: string;
  readonly source: string;
  readonly planHash: string;
  /** Whether the plan keeps state by key, which a child shard must inherit. */
  readonly isKeyed: boolean;
  readonly codeHash: string;
  readonly deployEpoch: number;
  readonly ringSize: number;
}

export type LearnPorts = RecoveryPorts & PublishPorts & { readonly stream: SourceStream };

/** A cold start: recovers the shard's state and publishes the head's outbox. */
export async function learnCold(
  ports: LearnPorts,
  identity: TaskIdentity,
  at: { readonly shardId: ShardId; readonly deadlineMs: number },
): Promise<WarmState> {
  const log = logIdOf({ ...identity, shard: at.shardId });
  const [recovered, description, shards] = await settleAll([
    recover(ports, { log, ringSize: identity.ringSize }),
    ports.stream.describe(),
    ports.stream.shards(),
  ]);
  const shard = shards.find(({ shardId }) => shardId === at.shardId);
  if (shard === undefined) {
    throw new EngineError('unavailable', `the stream does not list ${at.shardId}`);
  }
  const incarnation = incarnationOf(identity, description);
  const { head, pointerItem, state } = recovered;
  if (head === null) await refuseUninheritedChild(ports, identity, shard);
  else await welcomeHead(ports, identity, { head, incarnation, deadlineMs: at.deadlineMs });
  const { pointer } = pointerItem;
  return {
    log,
    shardId: at.shardId,
    hashRange: shard.hashRange,
    incarnation,
    state,
    head: head?.header ?? null,
    coveredTo: coveredTo(pointer),
    snapshot: pointer === null ? null : snapshotPointer(pointer.newest),
    coldNote: { found: pointerItem.attempt },
    expectedGap: 1,
  };
}

/** After a refused append: folds the winner and what follows it, and publishes the newest outbox. */
export async function learnFromWinner(
  ports: LearnPorts,
  identity: TaskIdentity,
  at: { readonly warm: WarmState; readonly winner: Commit; readonly deadlineMs: number },
): Promise<WarmState | 'overtaken'> {
  const { warm, winner } = at;
  const first: LearnedHead = {
    header: winner.header,
    content: await readContent(ports.objects, winner),
  };
  warm.state.applyDelta(first.content.delta);
  const head = await catchUp(ports, {
    log: warm.log,
    state: warm.state,
    head: first,
    expected: Math.ceil(warm.expectedGap),
  });
  if (head === 'overtaken') return 'overtaken';
  await welcomeHead(ports, identity, {
    head,
    incarnation: warm.incarnation,
    deadlineMs: at.deadlineMs,
  });
  const gap = head.header.batchNumber - (warm.head?.batchNumber ?? 0);
  return { ...warm, head: head.header, expectedGap: (3 * warm.expectedGap + gap) / 4 };
}

export const snapshotPointer = (checkpoint: {
  readonly batchNumber: CommitHeader['batchNumber'];
  readonly fold: CommitHeader['commitId'];
}) => ({ batchNumber: checkpoint.batchNumber, fold: checkpoint.fold });

async function welcomeHead(
  ports: PublishPorts,
  identity: TaskIdentity,
  learned: {
    readonly head: LearnedHead;
    readonly incarnation: string;
    readonly deadlineMs: number;
  },
): Promise<void> {
  const { header, content } = learned.head;
  assertKnownHead(identity, header, learned.incarnation);
  await publishOutbox(ports, { header, outbox: content.outbox }, learned.deadlineMs);
}

function assertKnownHead(identity: TaskIdentity, header: CommitHeader, incarnation: string): void {
  const refuse = (code: string, why: string) =>
    new EngineError('invalid', `${header.log}: ${why}`, { code });
  if (header.formatVersion > COMMIT_FORMAT_VERSION) {
    throw refuse(
      'newer-format',
      `the head has format ${header.formatVersion}, this version knows up to ${COMMIT_FORMAT_VERSION}; deploy the newer version again`,
    );
  }
  if (header.deployEpoch > identity.deployEpoch) {
    throw refuse(
      'older-deploy',
      `the head was written by deploy ${header.deployEpoch}, this is deploy ${identity.deployEpoch}; only the newest deploy may commit`,
    );
  }
  if (header.planHash !== identity.planHash) {
    throw refuse(
      'unknown-plan',
      `the head was written by plan ${header.planHash}, this is plan ${identity.planHash}: source, key, window or aggregates changed; restore them or give the pipeline a new name`,
    );
  }
  if (header.ringSize !== identity.ringSize) {
    throw refuse(
      'other-ring-size',
      `the log has ${header.ringSize} slots for its whole life, this version was built for ${identity.ringSize}`,
    );
  }
  if (header.incarnation !== incarnation) {
    throw refuse(
      'other-incarnation',
      'the log was written for another stream of this name; give the pipeline a new name or delete its commit log',
    );
  }
}

/** State of a parent shard is not handed over yet, so a keyed child must not begin without it. */
async function refuseUninheritedChild(
  ports: LearnPorts,
  identity: TaskIdentity,
  shard: ShardDescription,
): Promise<void> {
  if (!identity.isKeyed) return;
  for (const parent of shard.parentShardIds) {
    if (await ports.commits.exists(logIdOf({ ...identity, shard: parent }))) {
      throw new EngineError(
        'invalid',
        `${shard.shardId} is a child of ${parent}, whose keyed state this version cannot split or merge; keep the shard count of a keyed pipeline`,
        { code: 'reshard-unsupported' },
      );
    }
  }
}

/** Tells this stream from an earlier one of the same name. */
function incarnationOf(identity: TaskIdentity, description: StreamDescription): string {
  const { streamArn, createdAtMs } = description;
  const text = JSON.stringify([identity.pipeline, streamArn, createdAtMs]);
  return sha256Hex(Buffer.from(text, 'utf8')).slice(0, 16);
}
