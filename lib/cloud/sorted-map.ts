// A map whose keys can be walked in order from any point. Keys are kept in sorted chunks of bounded
// length, so that an insertion costs two binary searches and the move of one short array, however
// many keys there are; reading one key is a hash lookup.

const CHUNK_KEYS_MAX = 512;

/** Where a walk begins or ends. */
export interface Bound {
  readonly key: string;
  readonly inclusive: boolean;
}

/** A part of the keys, open at an end that is not given. */
export interface KeyRange {
  readonly lower?: Bound | undefined;
  readonly upper?: Bound | undefined;
}

/** Values by key; keys are ordered by `<` on strings. It must not be changed during a walk. */
export class SortedMap<V> {
  readonly #values = new Map<string, V>();
  readonly #chunks: string[][] = [];

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  set(key: string, value: V): void {
    if (!this.#values.has(key)) this.#insert(key);
    this.#values.set(key, value);
  }

  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false;
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at]!;
    chunk.splice(lowerIndex(chunk, key), 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
    return true;
  }

  /** Entries of `range` in ascending order. */
  *ascending(range: KeyRange = {}): Generator<readonly [string, V]> {
    const { lower, upper } = range;
    let at = lower === undefined ? 0 : this.#chunkOf(lower.key);
    let index = lower === undefined ? 0 : startIndex(this.#chunks[at], lower);
    for (; at < this.#chunks.length; at += 1, index = 0) {
      const chunk = this.#chunks[at]!;
      for (; index < chunk.length; index += 1) {
        const key = chunk[index]!;
        if (upper !== undefined && isBeyond(key, upper)) return;
        yield [key, this.#values.get(key)!];
      }
    }
  }

  /** Entries of `range` in descending order. */
  *descending(range: KeyRange = {}): Generator<readonly [string, V]> {
    const { lower, upper } = range;
    let at = this.#chunks.length - 1;
    let index = (this.#chunks[at]?.length ?? 0) - 1;
    if (upper !== undefined) {
      at = Math.min(this.#chunkOf(upper.key), at);
      index = endIndex(this.#chunks[at], upper);
    }
    while (at >= 0) {
      const chunk = this.#chunks[at]!;
      for (; index >= 0; index -= 1) {
        const key = chunk[index]!;
        if (lower !== undefined && (key < lower.key || (key === lower.key && !lower.inclusive))) {
          return;
        }
        yield [key, this.#values.get(key)!];
      }
      at -= 1;
      index = (this.#chunks[at]?.length ?? 0) - 1;
    }
  }

  /** The first chunk whose last key is not below `key`; the number of chunks when there is none. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]!.at(-1)! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(key: string): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push([key]);
      return;
    }
    const at = Math.min(this.#chunkOf(key), this.#chunks.length - 1);
    const chunk = this.#chunks[at]!;
    chunk.splice(lowerIndex(chunk, key), 0, key);
    if (chunk.length <= CHUNK_KEYS_MAX) return;
    // Appending is the common case: a chunk that overflows at its end keeps what it has.
    const appended = at === this.#chunks.length - 1 && chunk.at(-1) === key;
    this.#chunks.splice(at + 1, 0, chunk.splice(appended ? chunk.length - 1 : chunk.length >>> 1));
  }
}

function lowerIndex(chunk: readonly string[], key: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (chunk[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function startIndex(chunk: readonly string[] | undefined, lower: Bound): number {
  if (chunk === undefined) return 0;
  const index = lowerIndex(chunk, lower.key);
  return chunk[index] === lower.key && !lower.inclusive ? index + 1 : index;
}

function endIndex(chunk: readonly string[] | undefined, upper: Bound): number {
  if (chunk === undefined) return -1;
  const index = lowerIndex(chunk, upper.key);
  return chunk[index] === upper.key && upper.inclusive ? index : index - 1;
}

function isBeyond(key: string, upper: Bound): boolean {
  return key > upper.key || (key === upper.key && !upper.inclusive);
}
