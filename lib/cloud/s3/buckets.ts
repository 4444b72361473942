// All buckets of one account, and the counter that version and upload ids are made of.

import type { Bucket } from './bucket.ts';
import { noSuchBucket, refusal } from './refusals.ts';

export class Buckets {
  readonly region: string;
  readonly accountId: string;
  /** How many ids were given out. */
  ids = 0;
  readonly #buckets = new Map<string, Bucket>();

  constructor(region: string, accountId: string) {
    this.region = region;
    this.accountId = accountId;
  }

  get all(): readonly Bucket[] {
    return [...this.#buckets.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  find(name: string | undefined): Bucket | undefined {
    return this.#buckets.get(name ?? '');
  }

  /** The bucket that a request names, if it names the right owner. */
  get(input: { readonly Bucket?: string; readonly ExpectedBucketOwner?: string }): Bucket {
    const bucket = this.find(input.Bucket);
    if (bucket === undefined) throw noSuchBucket(input.Bucket ?? '');
    if ((input.ExpectedBucketOwner ?? this.accountId) !== this.accountId) {
      throw refusal(403, 'AccessDenied', 'Access Denied');
    }
    return bucket;
  }

  add(bucket: Bucket): void {
    this.#buckets.set(bucket.name, bucket);
  }

  remove(bucket: Bucket): void {
    this.#buckets.delete(bucket.name);
  }

  clear(): void {
    this.#buckets.clear();
  }

  /** A fresh id; later ones sort behind earlier ones. */
  nextId(kind: 'version' | 'upload'): string {
    this.ids += 1;
    return `${kind}-${this.ids.toString(36).padStart(12, '0')}`;
  }
}
