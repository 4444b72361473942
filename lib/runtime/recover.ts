// Recovery: checkpoint plus later deltas make the keyed state. A cold task takes at most three
// sequential round trips: pointer item; manifest; segments and first page of the log in parallel. It
// reads the log from the checkpoint's own batch on, because the head's outbox must be published
// again even when nothing was committed since. An unreadable checkpoint falls back to the older one,
// whose later deltas are still in the ring; what the chain says must exist is never taken for empty.

import type { CheckpointReference, Commit, CommitHeader, Pointer } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import type { LogId } from '../model/ids.ts';
import { RECOVERY_RESTARTS_MAX, SEGMENT_BYTES_MAX } from '../model/limits.ts';
import type { CommitLog, CommitPage, PointerItem } from '../ports/commit-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { slotOf } from '../protocol/ring.ts';
import { KeyedState } from '../state/keyed-state.ts';
import { type CommitContent, decodeCommitBody, decompress } from './commit-body.ts';
import { followLog, type LogPosition, readAfter } from './follow-log.ts';
import { isBrokenObject, type Manifest, readManifest, readVerified } from './manifest.ts';
import { settleAll } from './settle.ts';

/** Deltas a cold task expects after its checkpoint: a first page of moderate size. */
const COLD_GAP_EXPECTED = 63;

export interface RecoveryPorts {
  readonly commits: CommitLog;
  readonly objects: ObjectStore;
  readonly logger: Logger;
}

/** The head of a log with what its commit holds. */
export interface LearnedHead {
  readonly header: CommitHeader;
  readonly content: CommitContent;
}

export interface Recovered {
  readonly state: KeyedState;
  /** `null` for an empty log. */
  readonly head: LearnedHead | null;
  readonly pointerItem: PointerItem;
  /** The checkpoint that recovery began with: the newest that could be read. */
  readonly checkpoint: CheckpointReference | null;
}

/** Sees every commit after the checkpoint, in order, as it is folded. */
export type OnFolded = (commit: Commit, content: CommitContent) => void;

export async function recover(
  ports: RecoveryPorts,
  at: { readonly log: LogId; readonly ringSize: number; readonly onFolded?: OnFolded },
): Promise<Recovered> {
  for (let restart = 0; restart < RECOVERY_RESTARTS_MAX; restart += 1) {
    const pointerItem = await ports.commits.readPointer(at.log);
    const recovered = await recoverFrom(ports, at, pointerItem);
    if (recovered !== 'overtaken') return recovered;
  }
  throw new EngineError(
    'unavailable',
    `${at.log}: the log moved on during each of ${RECOVERY_RESTARTS_MAX} recoveries`,
  );
}

async function recoverFrom(
  ports: RecoveryPorts,
  at: { readonly log: LogId; readonly ringSize: number; readonly onFolded?: OnFolded },
  pointerItem: PointerItem,
): Promise<Recovered | 'overtaken'> {
  const { pointer } = pointerItem;
  if (pointer === null) {
    return foldAfter(ports, at, { pointerItem, manifest: null, checkpoint: null });
  }
  const checkpoints = candidates(pointer);
  for (const [index, checkpoint] of checkpoints.entries()) {
    try {
      const manifest = await readManifest(ports.objects, at.log, checkpoint);
      return await foldAfter(ports, at, { pointerItem, manifest, checkpoint });
    } catch (error) {
      const isLast = index === checkpoints.length - 1;
      if (isLast || !isBrokenObject(error)) throw error;
      ports.logger.warn('checkpoint unreadable, taking the older one', {
        log: at.log,
        batchNumber: checkpoint.batchNumber,
        why: error.message,
      });
    }
  }
  throw new EngineError('internal', `${at.log}: a pointer without checkpoints`);
}

async function foldAfter(
  ports: RecoveryPorts,
  at: { readonly log: LogId; readonly ringSize: number; readonly onFolded?: OnFolded },
  from: Pick<Recovered, 'pointerItem' | 'checkpoint'> & { readonly manifest: Manifest | null },
): Promise<Recovered | 'overtaken'> {
  const { manifest, pointerItem, checkpoint } = from;
  const [state, opening] = await settleAll([
    readSegments(ports.objects, manifest),
    readOpening(ports.commits, at, manifest?.header ?? null),
  ]);
  let head: LearnedHead | null = null;
  const outcome = await followLog(ports.commits, opening.position, {
    expected: COLD_GAP_EXPECTED,
    ...(opening.firstPage === null ? {} : { firstPage: opening.firstPage }),
    onLinks: async (links) => {
      const contents = await readContents(ports.objects, links);
      for (const [index, link] of links.entries()) {
        const content = contents[index]!;
        head = { header: link.header, content };
        state.applyDelta(content.delta);
        at.onFolded?.(link, content);
      }
    },
  });
  if (outcome === 'overtaken') return 'overtaken';
  if (head === null && opening.folded !== null) {
    const { folded } = opening;
    head = { header: folded.header, content: await readContent(ports.objects, folded) };
  }
  if (head === null && manifest !== null) return 'overtaken';
  return { state, head, pointerItem, checkpoint };
}

/** The first page of the log, and what the slot of the checkpoint's own batch holds. */
interface Opening {
  readonly position: LogPosition;
  readonly firstPage: CommitPage | null;
  /** The commit that was folded last, while its slot has not been reused. */
  readonly folded: Commit | null;
}

/** Reads from the checkpoint's own batch on: if it is the head still, its outbox is needed. */
async function readOpening(
  commits: CommitLog,
  at: { readonly log: LogId; readonly ringSize: number },
  header: CommitHeader | null,
): Promise<Opening> {
  const { log, ringSize } = at;
  if (header === null) {
    const position = { log, ringSize, head: { batchNumber: 0, commitId: null } };
    const firstPage = await readAfter(commits, position, COLD_GAP_EXPECTED);
    return { position, firstPage, folded: null };
  }
  const { batchNumber, commitId, previousCommitId } = header;
  const position = { log, ringSize, head: { batchNumber, commitId } };
  const before = { batchNumber: batchNumber - 1, commitId: previousCommitId };
  const page = await readAfter(commits, { ...position, head: before }, COLD_GAP_EXPECTED);
  const [own, ...later] = page.commits;
  if (
    own === undefined ||
    slotOf(own.header.batchNumber, ringSize) !== slotOf(batchNumber, ringSize)
  ) {
    throw corruptLog(log, `batch ${batchNumber} of the checkpoint is not in the log`);
  }
  if (own.header.batchNumber === batchNumber && own.header.commitId !== commitId) {
    throw corruptLog(log, `batch ${batchNumber} is not the commit its checkpoint was made of`);
  }
  const wraps = slotOf(batchNumber, ringSize) === ringSize - 1;
  return {
    position,
    firstPage: wraps ? null : { commits: later, truncated: page.truncated },
    folded: own.header.batchNumber === batchNumber ? own : null,
  };
}

/** Folds the commits after a warm head into its state; resolves to the new head or `overtaken`. */
export async function catchUp(
  ports: RecoveryPorts,
  warm: {
    readonly log: LogId;
    readonly state: KeyedState;
    readonly head: LearnedHead;
    readonly expected: number;
  },
): Promise<LearnedHead | 'overtaken'> {
  let head = warm.head;
  const { header } = warm.head;
  const outcome = await followLog(
    ports.commits,
    {
      log: warm.log,
      ringSize: header.ringSize,
      head: { batchNumber: header.batchNumber, commitId: header.commitId },
    },
    {
      expected: warm.expected,
      onLinks: async (links) => {
        const contents = await readContents(ports.objects, links);
        for (const [index, link] of links.entries()) {
          head = { header: link.header, content: contents[index]! };
          warm.state.applyDelta(head.content.delta);
        }
      },
    },
  );
  return outcome === 'overtaken' ? 'overtaken' : head;
}

/** Delta and outbox of a commit, wherever its body lives. */
export async function readContent(objects: ObjectStore, commit: Commit): Promise<CommitContent> {
  const { body } = commit;
  return decodeCommitBody(
    body.kind === 'inline' ? body.bytes : await readVerified(objects, body.object),
  );
}

const readContents = (objects: ObjectStore, links: readonly Commit[]) =>
  settleAll(links.map((link) => readContent(objects, link)));

async function readSegments(objects: ObjectStore, manifest: Manifest | null): Promise<KeyedState> {
  if (manifest === null) return KeyedState.empty();
  const stored = await settleAll(
    manifest.segments.map((segment) => readVerified(objects, segment)),
  );
  return KeyedState.fromSegments(stored.map((bytes) => decompress(bytes, SEGMENT_BYTES_MAX)));
}

const candidates = ({ newest, previous }: Pointer): readonly CheckpointReference[] =>
  previous === null ? [newest] : [newest, previous];

const corruptLog = (log: LogId, why: string) =>
  new EngineError('data', `${log}: ${why}`, { code: 'log-corrupt' });
