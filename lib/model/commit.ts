// What one batch leaves behind. These are plain values without behaviour: they cross the ports, so
// that the runtime, the adapters and the simulation all speak of the same thing.

import type { BatchNumber, BatchTimeMs, CommitId, LogId } from './ids.ts';
import type { ArrivalRange, CommittedPosition, Position } from './record.ts';

/** Each source record of a batch is in exactly one class: in = duplicate + dead + late + filtered + applied. */
export interface Counts {
  readonly in: number;
  readonly duplicate: number;
  readonly dead: number;
  readonly late: number;
  readonly filtered: number;
  readonly applied: number;
  /** Rows of applied records that were dropped as late; not part of the identity. */
  readonly lateRows: number;
}

/** The watermark that a range of key groups inherited from a parent log; `null`: none yet. */
export interface WatermarkFloor {
  readonly firstKeyGroup: number;
  readonly lastKeyGroup: number;
  readonly watermarkMs: number | null;
}

/**
 * Records may be missing between two positions; an explicit loss, never a silent one. `lost`: the
 * stream held others than were delivered. `unprovable`: the record at `after` has left the stream,
 * so that what followed it may have left it unread.
 */
export interface Gap {
  readonly kind: 'lost' | 'unprovable';
  /** `null`: the shard's first record; the log is empty. */
  readonly after: Position | null;
  readonly before: Position;
}

/**
 * The newest checkpoint known when this commit was made; `fold` names its objects. Nothing that is
 * decided depends on it: it is the evidence that the slot of a later lap was free to be reused, for
 * whoever has to find out by hand how a log came to where it is.
 */
export interface SnapshotPointer {
  readonly batchNumber: BatchNumber;
  readonly fold: CommitId;
}

/**
 * The plain attributes of a commit: at most 640 bytes when stored for one shard, so that an empty batch is
 * one write unit. In a log that shards share, each shard adds its position.
 */
export interface CommitHeader {
  readonly formatVersion: number;
  readonly log: LogId;
  readonly planHash: string;
  readonly codeHash: string;
  /** Rises with every deploy that changes the function, also a roll-back. */
  readonly deployEpoch: number;
  readonly commitId: CommitId;
  /** `null` only in a log's first commit. */
  readonly previousCommitId: CommitId | null;
  readonly batchNumber: BatchNumber;
  readonly ringSize: number;
  /** Added to the batch number wherever it is used outside the log; 0 but for a log opened by a reshard. */
  readonly base: number;
  readonly incarnation: string;
  /** Position after this batch, by `source/shard`. */
  readonly positions: Readonly<Record<string, CommittedPosition>>;
  /**
   * First record of this batch that was no duplicate; `null` when the batch consumed none. Of a batch with
   * records of several shards it is the first one's: where the others began, the commit before says.
   */
  readonly firstPosition: Position | null;
  readonly arrival: ArrivalRange | null;
  readonly batchTimeMs: BatchTimeMs;
  readonly watermarkMs: number | null;
  readonly floors: readonly WatermarkFloor[];
  readonly counts: Counts;
  /** SHA-256, hex, over positions and bytes of the records consumed. */
  readonly inputDigest: string;
  /** Versions of the static tables that rows were joined with, by the uid of the join. */
  readonly tables?: Readonly<Record<string, string>>;
  readonly snapshot: SnapshotPointer | null;
  readonly gap: Gap | null;
}

/** Bytes that live elsewhere: the commit vouches for them by digest. */
export interface ObjectReference {
  readonly key: string;
  readonly byteLength: number;
  readonly sha256: string;
}

/** The compressed delta and outbox, inside the commit or spilled to an object. */
export type CommitBody =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'spilled'; readonly object: ObjectReference };

export interface Commit {
  readonly header: CommitHeader;
  readonly body: CommitBody;
}

/** Where rows go, physically; resolved at run time from the environment, stored so that any version can publish. */
export type OutputTarget =
  | { readonly kind: 'dynamodb'; readonly tableName: string }
  | { readonly kind: 's3'; readonly bucketName: string; readonly key: string }
  /** The function of the sink, which is in the code alone; `batchId` is what it is told. */
  | { readonly kind: 'function'; readonly batchId: string };

/**
 * Rows of one commit for one target, in final encoding. `dynamodb`: one JSON `ItemChange` per line.
 * `s3`: the object's bytes. `function`: one row per line, as in an object.
 */
export interface BatchOutput {
  readonly sinkUid: string;
  readonly role: 'rows' | 'late' | 'dead-letters';
  readonly target: OutputTarget;
  readonly rowCount: number;
  readonly bytes: Uint8Array;
}

/** An output as the commit stores it: small rows inside, large ones staged before the commit. */
export interface OutboxEntry extends Omit<BatchOutput, 'bytes'> {
  readonly payload:
    | { readonly kind: 'inline'; readonly bytes: Uint8Array }
    | { readonly kind: 'staged'; readonly object: ObjectReference };
}

/** A DynamoDB attribute in the service's JSON form; the sinks use S, N, BOOL, NULL, L and M only. */
export type AttributeJson =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly L: readonly AttributeJson[] }
  | { readonly M: Readonly<Record<string, AttributeJson>> };

/** One row for a table; the publisher adds the fence (`_log`, `_incarnation`, `_n`). */
export type ItemChange =
  | { readonly put: Readonly<Record<string, AttributeJson>> }
  | { readonly delete: { readonly pk: AttributeJson; readonly sk: AttributeJson } };

/** Who wrote a row: a later write of the same lineage wins, any other writer is an error. */
export interface RowFence {
  readonly log: LogId;
  readonly incarnation: string;
  /** base + N */
  readonly n: number;
}

/** One checkpoint of a log. */
export interface CheckpointReference {
  readonly batchNumber: BatchNumber;
  /** Id of the commit at that batch number. */
  readonly commitId: CommitId;
  /** Random id of the fold that wrote it. */
  readonly fold: CommitId;
  readonly manifest: ObjectReference;
}

/** The pointer item of a log: its two newest checkpoints, newest first. */
export interface Pointer {
  readonly newest: CheckpointReference;
  readonly previous: CheckpointReference | null;
}

/** How often user code has not returned on one head; poison that kills the process is found by it. */
export interface AttemptNote {
  readonly head: BatchNumber;
  /** Position of the first pending record: `sequence:sub`. */
  readonly first: string;
  readonly attempts: number;
  /** Records that were pending when halving began; `null` before. */
  readonly pending: number | null;
}
