import type { ItemChange, RowFence } from '../model/commit.ts';

/** Writes rows to a table so that a repeat or a late zombie changes nothing. */
export interface TablePublisher {
  /** Fenced upserts and tombstones; throws `data` when another log or incarnation owns a row. */
  publish(rows: {
    readonly tableName: string;
    readonly changes: readonly ItemChange[];
    readonly fence: RowFence;
    /** No request is sent after it. */
    readonly deadlineMs: number;
  }): Promise<void>;
}

/** Where a finished object goes. */
export interface FinalObject {
  readonly bucketName: string;
  readonly key: string;
  /** No request is sent after it. */
  readonly deadlineMs: number;
}

/** Puts finished objects under their final, immutable names. */
export interface ObjectPublisher {
  put(object: FinalObject & { readonly bytes: Uint8Array }): Promise<void>;
  /** Copies a staged object of the engine's bucket to its final name; `false` when the staged one is gone. */
  copy(object: FinalObject & { readonly stagedKey: string }): Promise<boolean>;
  exists(object: FinalObject): Promise<boolean>;
}
