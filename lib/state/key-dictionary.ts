// The keys of one operator as small whole numbers. A key's text is hashed by MD5 once per sandbox,
// not once per record; after that its id finds its key group, its text and its rows. The dictionary
// is a cache: ids never reach stored bytes, so that two sandboxes with other ids write the same.
//
// Keys that come out of a snapshot are in order of key group and text. They stay a sorted list and
// enter the hash map when they are first met: to hash a million texts would be most of a cold start,
// and a batch touches few of them.

import { brokenBytes } from './codec.ts';

const INITIAL_KEYS = 64;

/** Key texts by id and ids by key text. */
export class KeyDictionary {
  /** Ids of the keys met so far. */
  private readonly ids = new Map<string, number>();
  private readonly texts: (string | undefined)[] = [];
  private groups = new Uint8Array(INITIAL_KEYS);
  private free: number[] = [];
  /** Ids of the restored keys by key group and text. */
  private restored = new Int32Array(0);

  /** How many keys there are. */
  get size(): number {
    return this.texts.length - this.free.length;
  }

  /** The id of a key met before, or -1: then its key group is needed, and `intern`. */
  find(text: string): number {
    return this.ids.get(text) ?? -1;
  }

  textOf(id: number): string {
    return this.texts[id]!;
  }

  keyGroupOf(id: number): number {
    return this.groups[id]!;
  }

  /**
   * The id of a key, given to it when it is new.
   *
   * @throws EngineError `data` when the key is known in another key group.
   */
  intern(text: string, keyGroup: number): number {
    let id = this.find(text);
    if (id >= 0) {
      if (this.groups[id] !== keyGroup) throw brokenBytes('a key stands in two key groups');
      return id;
    }
    const place = this.placeOf(text, keyGroup);
    const restored = this.restored[place];
    const isRestored = restored !== undefined && this.order(restored, text, keyGroup) === 0;
    id = isRestored ? restored : this.newId(text, keyGroup);
    this.ids.set(text, id);
    return id;
  }

  /**
   * Ids of keys that a snapshot holds in order of key group and text.
   *
   * @throws EngineError `data` when they are out of order.
   */
  internSorted(texts: readonly string[], keyGroups: Uint8Array): Int32Array {
    const ids = new Int32Array(texts.length);
    if (texts.length === 0) return ids;
    // Segments come by key group, so that all but the first of a segment's tables merge nearly nothing.
    let next = this.placeOf(texts[0]!, keyGroups[0]!);
    const { restored } = this;
    const merged = new Int32Array(restored.length + texts.length);
    merged.set(restored.subarray(0, next));
    let count = next;
    for (let row = 0; row < texts.length; row += 1) {
      const [text, keyGroup] = [texts[row]!, keyGroups[row]!];
      if (row > 0 && !isBefore(texts[row - 1]!, keyGroups[row - 1]!, text, keyGroup)) {
        throw brokenBytes('the rows of a segment are out of order');
      }
      while (next < restored.length && this.order(restored[next]!, text, keyGroup) < 0) {
        merged[count++] = restored[next++]!;
      }
      const isKnown = next < restored.length && this.order(restored[next]!, text, keyGroup) === 0;
      const id = isKnown ? restored[next++]! : this.newId(text, keyGroup);
      merged[count++] = id;
      ids[row] = id;
    }
    merged.set(restored.subarray(next), count);
    this.restored = merged.subarray(0, count + restored.length - next);
    return ids;
  }

  /** Forgets every key whose id is not marked in `used`. */
  retain(used: Uint8Array): void {
    this.restored = this.restored.filter((id) => used[id] === 1);
    for (let id = 0; id < this.texts.length; id += 1) {
      const text = this.texts[id];
      if (text === undefined || used[id] === 1) continue;
      this.ids.delete(text);
      this.texts[id] = undefined;
      this.free.push(id);
    }
  }

  /** One more than the greatest id ever given. */
  get idEnd(): number {
    return this.texts.length;
  }

  private newId(text: string, keyGroup: number): number {
    const id = this.free.pop() ?? this.texts.length;
    if (id === this.groups.length) {
      const grown = new Uint8Array(id * 2);
      grown.set(this.groups);
      this.groups = grown;
    }
    this.texts[id] = text;
    this.groups[id] = keyGroup;
    return id;
  }

  /** Where a key stands among the restored ones, or would. */
  private placeOf(text: string, keyGroup: number): number {
    let [low, high] = [0, this.restored.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.order(this.restored[middle]!, text, keyGroup) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private order(id: number, text: string, keyGroup: number): number {
    const group = this.groups[id]!;
    if (group !== keyGroup) return group - keyGroup;
    const known = this.texts[id]!;
    return known < text ? -1 : known === text ? 0 : 1;
  }
}

function isBefore(
  text: string,
  keyGroup: number,
  laterText: string,
  laterKeyGroup: number,
): boolean {
  return keyGroup === laterKeyGroup ? text < laterText : keyGroup < laterKeyGroup;
}
