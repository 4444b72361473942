// The port of the object store by its adapter over HTTP. The rules of S3 behind it are in s3.test.ts.

import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createS3ObjectStore } from '../../lib/adapters/aws/s3-object-store.ts';
import type { ObjectStore } from '../../lib/ports/object-store.ts';
import { freshName, openTarget, type Target } from './target.ts';

let target: Target;
let client: S3Client;
let store: ObjectStore;
const Bucket = freshName('store');

beforeAll(async () => {
  target = await openTarget();
  client = new S3Client(target.options('http/1.1'));
  await client.send(new CreateBucketCommand({ Bucket }));
  store = createS3ObjectStore(client, Bucket);
});

afterAll(async () => {
  await client.send(new DeleteBucketCommand({ Bucket }));
  client.destroy();
  await target.stop();
});

async function keysOf(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.list(prefix)) keys.push(...page.map(({ key }) => key));
  return keys;
}

describe('the object store over HTTP', () => {
  test('the store returns the bytes of an object, and nothing for one that is not there', async () => {
    const bytes = new Uint8Array(300 * 1024).map((_, index) => index % 251);
    await store.put({ key: 'bodies/a', bytes });
    expect(Buffer.compare((await store.get('bodies/a'))!, bytes)).toBe(0);
    await store.put({ key: 'bodies/a', bytes: new Uint8Array() });
    expect(await store.get('bodies/a')).toEqual(new Uint8Array());
    expect(await store.get('bodies/b')).toBeNull();
    await store.delete(['bodies/a']);
  });

  test('the store lists every object below a prefix, and deletes them by the thousand', async () => {
    const keys = Array.from({ length: 1_003 }, (_, index) => `many/${String(index).padStart(5)}`);
    for (let from = 0; from < keys.length; from += 50) {
      const batch = keys.slice(from, from + 50);
      await Promise.all(batch.map((key) => store.put({ key, bytes: Uint8Array.of(1, 2, 3) })));
    }
    expect(await keysOf('many/')).toEqual([...keys].sort());
    await store.delete([...keys.slice(0, 999), 'many/gone']);
    expect(await keysOf('many/')).toEqual(keys.slice(999));
    for await (const [object] of store.list('many/')) {
      expect(object!.byteLength).toBe(3);
      expect(Math.abs(object!.modifiedAtMs - Date.now())).toBeLessThan(600_000);
    }
    await store.delete(keys.slice(999));
    expect(await keysOf('')).toEqual([]);
  });
});
