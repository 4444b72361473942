// The keys of one operator as small whole numbers. A key's text is hashed by MD5 once per sandbox,
// not once per record; after that its id finds its key group, its text and its rows. The dictionary
// is a cache: ids never reach stored bytes, so that two sandboxes with other ids write the same.

import { brokenBytes } from './codec.ts';

const INITIAL_KEYS = 64;

/** Key texts by id and ids by key text. */
export class KeyDictionary {
  private readonly ids = new Map<string, number>();
  private readonly texts: (string | undefined)[] = [];
  private groups = new Uint8Array(INITIAL_KEYS);
  private free: number[] = [];

  get size(): number {
    return this.ids.size;
  }

  /** The id of a key text, or -1. */
  find(text: string): number {
    return this.ids.get(text) ?? -1;
  }

  textOf(id: number): string {
    return this.texts[id]!;
  }

  keyGroupOf(id: number): number {
    return this.groups[id]!;
  }

  /** Adds a key that is not there yet. */
  add(text: string, keyGroup: number): number {
    const id = this.free.pop() ?? this.texts.length;
    if (id === this.groups.length) {
      const grown = new Uint8Array(id * 2);
      grown.set(this.groups);
      this.groups = grown;
    }
    this.texts[id] = text;
    this.groups[id] = keyGroup;
    this.ids.set(text, id);
    return id;
  }

  /** The id of a stored key; a key that is known in another key group is `data`. */
  intern(text: string, keyGroup: number): number {
    const id = this.find(text);
    if (id < 0) return this.add(text, keyGroup);
    if (this.groups[id] !== keyGroup) throw brokenBytes('a key stands in two key groups');
    return id;
  }

  /** Forgets every key whose id is not marked in `used`. */
  retain(used: Uint8Array): void {
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
}
