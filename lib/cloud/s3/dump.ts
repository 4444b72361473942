// The state of all buckets as plain data, and back.

import { Bucket, type Upload, type Version } from './bucket.ts';
import type { Buckets } from './buckets.ts';

interface DumpedBucket {
  readonly name: string;
  readonly createdAtMs: number;
  readonly settings: ReadonlyMap<string, unknown>;
  readonly uploads: readonly Upload[];
  /** Versions of each key, the newest first. */
  readonly keys: readonly (readonly Version[])[];
}

interface DumpedBuckets {
  readonly ids: number;
  readonly buckets: readonly DumpedBucket[];
}

export function dumpBuckets(buckets: Buckets): DumpedBuckets {
  return structuredClone({
    ids: buckets.ids,
    buckets: buckets.all.map((bucket) => ({
      name: bucket.name,
      createdAtMs: bucket.createdAtMs,
      settings: bucket.settings,
      uploads: [...bucket.uploads.values()],
      keys: [...bucket.walk('', true)],
    })),
  });
}

export function loadBuckets(buckets: Buckets, state: unknown): void {
  const dumped = structuredClone(state) as DumpedBuckets;
  buckets.clear();
  buckets.ids = dumped.ids;
  for (const { name, createdAtMs, settings, uploads, keys } of dumped.buckets) {
    const bucket = new Bucket(name, createdAtMs);
    for (const [setting, value] of settings) bucket.settings.set(setting, value);
    for (const upload of uploads) bucket.uploads.set(upload.uploadId, upload);
    for (const versions of keys) for (const version of versions.toReversed()) bucket.add(version);
    buckets.add(bucket);
  }
}
