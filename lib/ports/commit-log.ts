import type { AttemptNote, Commit, Pointer } from '../model/commit.ts';
import type { BatchNumber, LogId } from '../model/ids.ts';

/** Answer of `append`: `stored` is what the slot holds when the condition failed, `null` when it is empty. */
export type AppendAnswer =
  | { readonly kind: 'appended' }
  | { readonly kind: 'refused'; readonly stored: Commit | null };

/** What the pointer item (`sk = -1`) of a log holds. */
export interface PointerItem {
  readonly pointer: Pointer | null;
  readonly attempt: AttemptNote | null;
}

/** A page of slots in slot order; `next` is absent at the end of the range that was asked for. */
export interface CommitPage {
  readonly commits: readonly Commit[];
  readonly nextSlot: number | null;
}

/**
 * The ring of slots in DynamoDB. All reads are strongly consistent. The adapter knows the ring's
 * condition (absent while N <= R, else exactly N - R), and nothing else of the protocol.
 */
export interface CommitLog {
  append(commit: Commit): Promise<AppendAnswer>;
  /** Slots `firstSlot` .. `lastSlot` ascending, at most `limit` items of one page of 1 MB. */
  read(range: {
    readonly log: LogId;
    readonly firstSlot: number;
    readonly lastSlot: number;
    readonly limit: number;
  }): Promise<CommitPage>;
  readPointer(log: LogId): Promise<PointerItem>;
  /** Compare-and-set on the newest checkpoint's manifest digest; `false` when another fold was first. */
  movePointer(move: {
    readonly log: LogId;
    readonly from: Pointer | null;
    readonly to: Pointer;
  }): Promise<boolean>;
  noteAttempt(note: AttemptNote & { readonly log: LogId }): Promise<void>;
  /** Logs that have at least one commit, of the given candidates' first slots. */
  exists(log: LogId): Promise<boolean>;
}

/** The slot of a batch number. */
export const slotOf = (batchNumber: BatchNumber, ringSize: number) => batchNumber % ringSize;
