// How a task comes to know the head of its log other than by finishing its own publication: by a cold
// start, by a refused append, by catching up. Whoever learns a head publishes its outbox again before
// anything else, because the invocation that committed it may have died before it published. A head
// written by newer code, by another plan or for another stream is refused before anything is processed.

import type { Commit, CommitHeader } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import { type HashRange, WHOLE_RANGE } from '../model/hash-range.ts';
import type {
  ShardDescription,
  SourceStream,
  SourceStreams,
  StreamDescription,
} from '../ports/source-stream.ts';
import { coveredTo } from '../protocol/checkpoint.ts';
import { sha256Hex } from '../state/digest.ts';
import type { RecordOrigin } from './batch.ts';
import { streamOf } from './find-gap.ts';
import { type LogNames, type LogScope, positionKeyOf, shardLogOf } from './log-scope.ts';
import { type PublishPorts, publishOutbox } from './publish.ts';
import { catchUp, type LearnedHead, type RecoveryPorts, readContent, recover } from './recover.ts';
import { settleAll } from './settle.ts';
import type { WarmState } from './warm-states.ts';

/** Version of the stored commit format this code reads and writes. */
export const COMMIT_FORMAT_VERSION = 1;

export interface TaskIdentity extends LogNames {
  readonly planHash: string;
  /** Whether the plan keeps state by key, which a child shard must inherit. */
  readonly isKeyed: boolean;
  readonly codeHash: string;
  readonly deployEpoch: number;
  readonly ringSize: number;
}

export type LearnPorts = RecoveryPorts & PublishPorts & { readonly streams: SourceStreams };

/** A cold start: recovers the state of a log and publishes the head's outbox. */
export async function learnCold(
  ports: LearnPorts,
  identity: TaskIdentity,
  at: { readonly scope: LogScope; readonly deadlineMs: number },
): Promise<WarmState> {
  const { log, shard } = at.scope;
  const sources = shard === null ? [...identity.sources.values()].sort() : [shard.source];
  const [recovered, streams] = await settleAll([
    recover(ports, { log, ringSize: identity.ringSize }),
    settleAll(sources.map((source) => lookAt(source, streamOf(ports.streams, source)))),
  ]);
  const { head, pointerItem, state } = recovered;
  const hashRange = shard === null ? WHOLE_RANGE : ownedRange(streams, shard);
  const incarnation = incarnationOf(identity, shard, streams);
  if (head === null) await refuseUninheritedChild(ports, identity, { shard, streams });
  else await welcomeHead(ports, identity, { head, incarnation, deadlineMs: at.deadlineMs });
  const { attempt, pointer } = pointerItem;
  return {
    log,
    shard,
    hashRange,
    incarnation,
    state,
    head: head?.header ?? null,
    coveredTo: coveredTo(pointer),
    snapshot: pointer === null ? null : snapshotPointer(pointer.newest),
    foundNote: attempt,
    begun: new Set(),
    departed: shard === null ? await departedFrom(ports, head?.header ?? null, streams) : NONE,
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

/** A stream as it was found at a cold start. */
interface SeenStream {
  readonly source: string;
  readonly description: StreamDescription;
  readonly shards: readonly ShardDescription[];
}

async function lookAt(source: string, stream: SourceStream): Promise<SeenStream> {
  const [description, shards] = await settleAll([stream.describe(), stream.shards()]);
  return { source, description, shards };
}

const findShard = (streams: readonly SeenStream[], { source, shardId }: RecordOrigin) =>
  streams
    .find((stream) => stream.source === source)
    ?.shards.find((shard) => shard.shardId === shardId);

function ownedRange(streams: readonly SeenStream[], origin: RecordOrigin): HashRange {
  const shard = findShard(streams, origin);
  if (shard !== undefined) return shard.hashRange;
  throw new EngineError('unavailable', `the stream does not list ${origin.shardId}`);
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Shards that the head knows and their streams list no more: all their records have left, and no shard
 * is ever listed again, so that a shared log may forget how far they had come. The streams were looked at
 * while the log was read: a shard that they did not list may also be one that a reshard has opened since,
 * so that they are asked once more.
 */
async function departedFrom(
  ports: Pick<LearnPorts, 'streams'>,
  head: CommitHeader | null,
  streams: readonly SeenStream[],
): Promise<ReadonlySet<string>> {
  const known = Object.keys(head?.positions ?? {});
  if (unlisted(known, streams).length === 0) return NONE;
  const again = streams.map(async ({ source }) => {
    return { source, shards: await streamOf(ports.streams, source).shards() };
  });
  return new Set(unlisted(known, await settleAll(again)));
}

function unlisted(
  known: readonly string[],
  streams: readonly Pick<SeenStream, 'source' | 'shards'>[],
): readonly string[] {
  const listed = new Set(
    streams.flatMap(({ source, shards }) =>
      shards.map(({ shardId }) => positionKeyOf({ source, shardId })),
    ),
  );
  return known.filter((shard) => !listed.has(shard));
}

/** State of a parent shard is not handed over yet, so a keyed child must not begin without it. */
async function refuseUninheritedChild(
  ports: LearnPorts,
  identity: TaskIdentity,
  of: { readonly shard: RecordOrigin | null; readonly streams: readonly SeenStream[] },
): Promise<void> {
  if (!identity.isKeyed || of.shard === null) return;
  const { shardId, source } = of.shard;
  for (const parent of findShard(of.streams, of.shard)?.parentShardIds ?? []) {
    if (await ports.commits.exists(shardLogOf(identity, { source, shardId: parent }))) {
      throw new EngineError(
        'invalid',
        `${shardId} is a child of ${parent}, whose keyed state this version cannot split or merge; keep the shard count of a keyed pipeline`,
        { code: 'reshard-unsupported' },
      );
    }
  }
}

/** Tells these streams from earlier ones of the same names. */
function incarnationOf(
  { pipeline }: TaskIdentity,
  shard: RecordOrigin | null,
  streams: readonly SeenStream[],
): string {
  const seen = streams.map(({ source, description: { streamArn, createdAtMs } }) =>
    shard === null ? [source, streamArn, createdAtMs] : [streamArn, createdAtMs],
  );
  const text = JSON.stringify(shard === null ? [pipeline, seen] : [pipeline, ...seen.flat()]);
  return sha256Hex(Buffer.from(text, 'utf8')).slice(0, 16);
}
