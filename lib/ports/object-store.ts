/** An object as a listing names it. */
export interface ListedObject {
  readonly key: string;
  readonly byteLength: number;
  readonly modifiedAtMs: number;
}

/** The engine's own bucket: spilled bodies, staged rows, snapshot segments, manifests. */
export interface ObjectStore {
  put(object: { readonly key: string; readonly bytes: Uint8Array }): Promise<void>;
  /** `null` when there is no such object. */
  get(key: string): Promise<Uint8Array | null>;
  /** Every object whose key begins with `prefix`, page by page. */
  list(prefix: string): AsyncIterable<readonly ListedObject[]>;
  delete(keys: readonly string[]): Promise<void>;
}
