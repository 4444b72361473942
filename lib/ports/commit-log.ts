import type { AttemptNote, Commit, Pointer } from '../model/commit.ts';
import type { LogId } from '../model/ids.ts';

/** Answer of `append`: `stored` is what the slot holds when the condition failed, `null` when it is empty. */
export type AppendAnswer =
  | { readonly kind: 'appended' }
  | { readonly kind: 'refused'; readonly stored: Commit | null };

/** What the pointer item (`sk = -1`) of a log holds. */
export interface PointerItem {
  readonly pointer: Pointer | null;
  readonly attempt: AttemptNote | null;
}

/** Slots in ascending order; `truncated` when the range holds more than the limit or the page allowed. */
export interface CommitPage {
  readonly commits: readonly Commit[];
  readonly truncated: boolean;
}

/**
 * The ring of slots in DynamoDB. All reads are strongly consistent. The adapter knows the ring's
 * condition (absent while N <= R, else exactly N - R), and nothing else of the protocol.
 */
export interface CommitLog {
  append(commit: Commit): Promise<AppendAnswer>;
  /** One page (at most 1 MB) of the slots `firstSlot` .. `lastSlot`, ascending, at most `limit` of them. */
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
  /** Whether the log holds anything at all. */
  exists(log: LogId): Promise<boolean>;
}
