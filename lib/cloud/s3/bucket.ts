// One bucket: its configuration and its keys, each with its versions, the newest first. A bucket that
// never had versioning keeps one version of a key, whose id is `null`.

import { SortedMap } from '../sorted-map.ts';
import { sortableText } from '../utf8-order.ts';
import type { Checksum } from './checksum.ts';

/** The id of the version that is written while versioning is off. */
export const NULL_VERSION = 'null';

/** Stored bytes with everything that is told about them. */
export interface StoredObject {
  readonly kind: 'object';
  readonly key: string;
  readonly versionId: string;
  readonly modifiedAtMs: number;
  readonly bytes: Uint8Array;
  /** With its quotes. */
  readonly etag: string;
  readonly checksum: Checksum;
  /** Sizes of the parts it was uploaded in; empty when it was put at once. */
  readonly partSizes: readonly number[];
  /** Members of the answer that the caller set, such as `ContentType` and `Metadata`. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly tags: ReadonlyMap<string, string>;
}

/** What a delete leaves behind where versions are kept. */
interface DeleteMarker {
  readonly kind: 'marker';
  readonly key: string;
  readonly versionId: string;
  readonly modifiedAtMs: number;
}

export type Version = StoredObject | DeleteMarker;

/** A multipart upload that is under way. */
export interface Upload {
  readonly uploadId: string;
  readonly key: string;
  readonly initiatedAtMs: number;
  readonly algorithm: Checksum['algorithm'] | undefined;
  readonly checksumType: Checksum['type'];
  readonly headers: Readonly<Record<string, unknown>>;
  readonly tags: ReadonlyMap<string, string>;
  readonly parts: Map<number, Part>;
}

export interface Part {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly checksum: Checksum;
  readonly modifiedAtMs: number;
}

export class Bucket {
  readonly name: string;
  readonly createdAtMs: number;
  /** Sub-resources by name, as they were put. */
  readonly settings = new Map<string, unknown>();
  readonly uploads = new Map<string, Upload>();
  readonly #keys = new SortedMap<readonly Version[]>();

  constructor(name: string, createdAtMs: number) {
    this.name = name;
    this.createdAtMs = createdAtMs;
  }

  get versioning(): 'Enabled' | 'Suspended' | undefined {
    return this.settings.get('Versioning') as 'Enabled' | 'Suspended' | undefined;
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  /** Versions of a key, the newest first. */
  versions(key: string): readonly Version[] {
    return this.#keys.get(sortableText(key)) ?? [];
  }

  /** The newest version of a key unless that is a delete marker. */
  current(key: string): StoredObject | undefined {
    const [newest] = this.versions(key);
    return newest?.kind === 'object' ? newest : undefined;
  }

  /** Makes `version` the newest of its key, in place of one with the same id. */
  add(version: Version): void {
    const others = this.versions(version.key).filter(
      ({ versionId }) => versionId !== version.versionId,
    );
    this.#keys.set(sortableText(version.key), [version, ...others]);
  }

  /** Changes a version where it stands. */
  replace(version: Version): void {
    const versions = this.versions(version.key).map((other) =>
      other.versionId === version.versionId ? version : other,
    );
    this.#keys.set(sortableText(version.key), versions);
  }

  remove(key: string, versionId: string): Version | undefined {
    const versions = this.versions(key);
    const removed = versions.find((version) => version.versionId === versionId);
    const left = versions.filter((version) => version !== removed);
    if (left.length === 0) this.#keys.delete(sortableText(key));
    else this.#keys.set(sortableText(key), left);
    return removed;
  }

  /** Versions by key in the order of the keys' UTF-8 bytes; both bounds are sortable texts. */
  *walk(from: string, inclusive: boolean): Generator<readonly Version[]> {
    for (const [, versions] of this.#keys.ascending({ lower: { key: from, inclusive } })) {
      yield versions;
    }
  }
}
