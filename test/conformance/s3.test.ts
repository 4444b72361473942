// The rules of S3 that the engine relies on, each with where it is stated. "User guide" and "API
// reference" are those of Amazon S3.

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answerIn,
  freshName,
  HANDLERS,
  openTarget,
  outcomesOf,
  refusalOf,
  type Target,
} from './target.ts';

let target: Target;

beforeAll(async () => {
  target = await openTarget();
});

afterAll(() => target.stop());

describe.each(HANDLERS)('S3 over the %s handler', (handler) => {
  const Bucket = freshName('objects');
  const other = freshName('others');
  let client: S3Client;

  beforeAll(async () => {
    client = new S3Client(target.options(handler));
    for (const name of [Bucket, other])
      await client.send(new CreateBucketCommand({ Bucket: name }));
  });

  afterAll(async () => {
    for (const name of [Bucket, other]) {
      const keys = await listed({ Bucket: name });
      for (let from = 0; from < keys.length; from += 1_000) {
        const Objects = keys.slice(from, from + 1_000).map((Key) => ({ Key }));
        await client.send(new DeleteObjectsCommand({ Bucket: name, Delete: { Objects } }));
      }
      await client.send(new DeleteBucketCommand({ Bucket: name }));
    }
    client.destroy();
  });

  const put = (Key: string, Body: NonNullable<PutObjectCommandInput['Body']>, more: object = {}) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
  const getBytes = async (Key: string, more: object = {}) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ...more }));
    return Body!.transformToByteArray();
  };
  const getText = async (Key: string, more: object = {}) =>
    Buffer.from(await getBytes(Key, more)).toString();

  const copyFresh = (Key: string) =>
    client.send(
      new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/copy/from`, IfNoneMatch: '*' }),
    );

  async function listed(input: Partial<ListObjectsV2CommandInput>): Promise<string[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket, ...input, ...(token && { ContinuationToken: token }) }),
      );
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return keys;
  }

  // User guide, "Amazon S3 data consistency model": strong read-after-write consistency of PUT, DELETE
  // and LIST.
  it('reads, lists and misses what was written and deleted just before', async () => {
    for (const content of ['one', 'two', 'three']) {
      await put('consistent/k', content);
      expect(await getText('consistent/k')).toBe(content);
      expect(await listed({ Prefix: 'consistent/' })).toEqual(['consistent/k']);
    }
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'consistent/k' }));
    expect(await listed({ Prefix: 'consistent/' })).toEqual([]);
    expect((await refusalOf(getText('consistent/k'))).name).toBe('NoSuchKey');
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'consistent/k' }));
  });

  // User guide, "How to prevent object overwrites with conditional writes": If-None-Match: * is
  // refused with 412 when the key exists; of concurrent ones the first wins.
  it('lets one of twenty puts with If-None-Match through', async () => {
    const racers = Array.from({ length: 20 }, (_, index) =>
      put('once', `racer ${index}`, { IfNoneMatch: '*' }),
    );
    const { won, refused } = await outcomesOf(racers);
    expect(won).toBe(1);
    for (const name of refused)
      expect(['PreconditionFailed', 'ConditionalRequestConflict']).toContain(name);
    const { name, status } = await refusalOf(put('once', 'late', { IfNoneMatch: '*' }));
    expect([name, status]).toEqual(['PreconditionFailed', 412]);
    expect(await getText('once')).toMatch(/^racer/);
  });

  // User guide, "How to prevent overwrites based on an object's ETag": 412 when it differs, 404 when
  // there is no object.
  it('replaces an object by its ETag only', async () => {
    const { ETag } = await put('etag', 'one');
    expect(ETag).toBe(`"${createHash('md5').update('one').digest('hex')}"`);
    await put('etag', 'two', { IfMatch: ETag });
    expect((await refusalOf(put('etag', 'three', { IfMatch: ETag }))).status).toBe(412);
    expect((await refusalOf(put('etag/none', 'x', { IfMatch: ETag }))).status).toBe(404);
    expect(await getText('etag')).toBe('two');
  });

  // API reference, GetObject: If-None-Match answers 304, If-Match 412.
  it('answers conditional reads', async () => {
    const { ETag } = await put('read', 'x');
    expect((await refusalOf(getText('read', { IfNoneMatch: ETag }))).status).toBe(304);
    expect((await refusalOf(getText('read', { IfMatch: '"0"' }))).status).toBe(412);
    expect(await getText('read', { IfMatch: ETag })).toBe('x');
  });

  // API reference, CopyObject: from any bucket the caller may read; the source is percent-encoded.
  it('copies an object to another bucket, under any key', async () => {
    const Key = 'staged/é +%25=&';
    await put(Key, 'rows', { ContentType: 'application/x-ndjson', Metadata: { batch: '7' } });
    const CopySource = `${Bucket}/${encodeURIComponent(Key)}`;
    const copy = await client.send(
      new CopyObjectCommand({ Bucket: other, Key: 'final/rows', CopySource }),
    );
    expect(copy.CopyObjectResult?.ETag).toBe(`"${createHash('md5').update('rows').digest('hex')}"`);
    const copied = await client.send(new GetObjectCommand({ Bucket: other, Key: 'final/rows' }));
    expect(await copied.Body!.transformToString()).toBe('rows');
    expect([copied.ContentType, copied.Metadata]).toEqual(['application/x-ndjson', { batch: '7' }]);
    const missing = new CopyObjectCommand({
      Bucket: other,
      Key: 'k',
      CopySource: `${Bucket}/none`,
    });
    expect((await refusalOf(client.send(missing))).name).toBe('NoSuchKey');
  });

  // API reference, CopyObject, If-None-Match: 412 when the destination exists.
  it('does not copy over an object when told not to', async () => {
    await put('copy/from', 'new');
    await put('copy/to', 'old');
    await copyFresh('copy/fresh');
    expect((await refusalOf(copyFresh('copy/to'))).status).toBe(412);
  });

  // User guide, "Conditional requests": a request whose condition does not hold fails.
  it('leaves the destination of a refused copy as it was', async () => {
    await put('copy/from', 'new');
    await put('copy/kept', 'old');
    await outcomesOf([copyFresh('copy/kept')]);
    expect(await getText('copy/kept'), 'the object has the content of the source').toBe('old');
  });

  // User guide, "How to perform conditional deletes": by If-Match, 412 when the ETag differs.
  it('deletes an object by its ETag only', async () => {
    const { ETag } = await put('delete', 'one');
    await put('delete', 'two');
    const remove = (IfMatch: string | undefined) =>
      client.send(new DeleteObjectCommand({ Bucket, Key: 'delete', IfMatch }));
    const { name, status } = await refusalOf(remove(ETag));
    expect([name, status], `it answers ${name}`).toEqual(['PreconditionFailed', 412]);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'delete' }));
    await remove(head.ETag);
    expect(await listed({ Prefix: 'delete' })).toEqual([]);
  });

  const odd = ['z', 'a/1', 'a', 'a/10', 'a/2', '\u{1F600}', '\uFFFD', 'é', 'A'].map(
    (key) => `list/${key}`,
  );
  const byBytes = [...odd].sort((one, another) =>
    Buffer.compare(Buffer.from(one), Buffer.from(another)),
  );

  // API reference, ListObjectsV2: "in UTF-8 binary order"; StartAfter, Delimiter.
  it('lists a prefix in the order of UTF-8 bytes', async () => {
    await Promise.all(odd.map((key) => put(key, key)));
    expect(await listed({ Prefix: 'list/' })).toEqual(byBytes);
    expect(await listed({ Prefix: 'list/', StartAfter: 'list/a/10' })).toEqual(byBytes.slice(4));
    const folded = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'list/', Delimiter: '/', MaxKeys: 3 }),
    );
    expect(folded.CommonPrefixes).toEqual([{ Prefix: 'list/a/' }]);
    expect(folded.Contents?.map(({ Key }) => Key)).toEqual(['list/A', 'list/a']);
    expect(folded).toMatchObject({ KeyCount: 3, IsTruncated: true });
  });

  // API reference, ListObjectsV2: NextContinuationToken goes on behind the last key of a page.
  it('goes on listing behind keys of any characters', async () => {
    await Promise.all(odd.map((key) => put(key, key)));
    expect(await listed({ Prefix: 'list/', MaxKeys: 2 })).toEqual(byBytes);
  });

  // API reference, ListObjectsV2: Size, ETag and LastModified of each object.
  it('lists objects with size, ETag and age', async () => {
    const { ETag } = await put('about/k', 'four');
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'about/' }));
    expect(Contents).toMatchObject([{ Key: 'about/k', Size: 4, ETag }]);
    expect(Contents![0]!.LastModified).toBeInstanceOf(Date);
  });

  // User guide, "Checking object integrity": the SDK sends CRC32 by default.
  it('answers with the checksum that the SDK sends, and keeps it', async () => {
    const stored = await put('checksum', 'content');
    expect(stored.ChecksumCRC32, 'the answer has no checksum').toBeDefined();
    const head = await client.send(
      new HeadObjectCommand({ Bucket, Key: 'checksum', ChecksumMode: 'ENABLED' }),
    );
    expect(head.ChecksumCRC32).toBe(stored.ChecksumCRC32);
    await put('checksum', 'content', { ChecksumAlgorithm: 'SHA256' });
  });

  const ofOther = (algorithm: string) => createHash(algorithm).update('other').digest('base64');

  // User guide, "Checking object integrity": a checksum that is given must match.
  it('refuses a body that does not have the checksum given with it', async () => {
    const refused = await refusalOf(
      put('digest', 'content', { ChecksumSHA256: ofOther('sha256') }),
    );
    expect([refused.name, refused.status]).toEqual(['BadDigest', 400]);
    const { name } = await refusalOf(put('digest', 'content', { ContentMD5: ofOther('md5') }));
    expect(name).toBe('BadDigest');
  });

  // User guide, "Amazon S3 data consistency model": a put replaces the object wholly or not at all.
  it('leaves the object of a refused put as it was', async () => {
    await put('whole', 'content');
    await refusalOf(put('whole', 'another', { ContentMD5: ofOther('md5') }));
    expect(await answerIn(5, getText('whole'))).toBe('content');
  });

  // User guide, "Trailing checksums": bodies of streams arrive in chunks with the checksum behind them.
  it('stores the bytes of a stream, not its framing', async () => {
    const chunks = Array.from({ length: 40 }, (_, index) => Buffer.alloc(7_001, index));
    const bytes = Buffer.concat(chunks);
    await put('stream', Readable.from(chunks), { ContentLength: bytes.length });
    expect(Buffer.compare(Buffer.from(await getBytes('stream')), bytes)).toBe(0);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'stream' }));
    expect(head.ContentLength).toBe(bytes.length);
  });

  // User guide, "Uploading objects": any bytes up to 5 GB in one put.
  it('returns megabytes of any bytes as they were put', async () => {
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'rivulet ÿ\u0000\r\n');
    await put('large', bytes);
    expect(
      createHash('sha256')
        .update(await getBytes('large'))
        .digest('hex'),
    ).toBe(createHash('sha256').update(bytes).digest('hex'));
    await put('empty', new Uint8Array());
    expect(await getBytes('empty')).toHaveLength(0);
  });

  // API reference, GetObject, Range.
  it('serves ranges', async () => {
    await put('range', '0123456789');
    const range = (Range: string) => getText('range', { Range });
    expect([await range('bytes=2-5'), await range('bytes=8-'), await range('bytes=-3')]).toEqual([
      '2345',
      '89',
      '789',
    ]);
    const { name, status } = await refusalOf(range('bytes=10-'));
    expect([name, status]).toEqual(['InvalidRange', 416]);
  });

  // User guide, "Naming Amazon S3 objects": up to 1,024 bytes of UTF-8.
  it('takes odd keys as they are', async () => {
    const keys = [
      'odd/a b+c%2F',
      'odd/../up',
      'odd//double',
      'odd/é',
      'odd/e\u0301',
      'odd/__proto__',
      "odd/'()*!",
    ];
    for (const key of keys) await put(key, key);
    for (const key of keys) expect(await getText(key)).toBe(key);
    expect((await listed({ Prefix: 'odd/' })).sort()).toEqual([...keys].sort());
  });

  // User guide, "Naming Amazon S3 objects".
  it('refuses a key of more than 1,024 bytes', async () => {
    expect((await refusalOf(put('x'.repeat(1025), 'x'))).name).toBe('KeyTooLongError');
  });

  // API reference, DeleteObjects: keys that are not there count as deleted.
  it('deletes many objects at once, those that are gone too', async () => {
    await put('many/a', 'x');
    const Objects = [{ Key: 'many/a' }, { Key: 'many/gone' }];
    const answer = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(answer.Deleted?.map(({ Key }) => Key).sort()).toEqual(['many/a', 'many/gone']);
    expect(answer.Errors).toBeUndefined();
    expect(await listed({ Prefix: 'many/' })).toEqual([]);
  });

  const part = Buffer.alloc(5 * 1024 * 1024, 1);
  const theEnd = Buffer.from('the end');

  /** An upload of these parts; `complete` names them, `sums` with their checksums. */
  async function anUpload(Key: string, bodies: readonly Buffer[], how: object = {}) {
    const created = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...how }));
    const upload = { Bucket, Key, UploadId: created.UploadId };
    const parts = await Promise.all(
      bodies.map(async (Body, index) => {
        const PartNumber = index + 1;
        const sent = new UploadPartCommand({ ...upload, PartNumber, Body });
        const { ETag, ChecksumCRC32 } = await client.send(sent);
        return { PartNumber, ETag, ChecksumCRC32 };
      }),
    );
    return (options: { readonly sums?: boolean; readonly IfNoneMatch?: string } = {}) => {
      const { sums = false, ...conditions } = options;
      const Parts = parts.map(({ ChecksumCRC32, ...named }) =>
        sums ? { ...named, ChecksumCRC32 } : named,
      );
      return client.send(
        new CompleteMultipartUploadCommand({
          ...upload,
          MultipartUpload: { Parts },
          ...conditions,
        }),
      );
    };
  }

  // User guide, "Uploading and copying objects using multipart upload".
  it('makes one object of the parts of an upload', async () => {
    const complete = await anUpload('parts', [part, theEnd]);
    await complete();
    const seam = `bytes=${part.length - 1}-${part.length + 2}`;
    expect(await getText('parts', { Range: seam })).toBe('\u0001the');
  });

  // API reference, CompleteMultipartUpload, If-None-Match: 412 when the key exists.
  it('does not complete an upload over an object when told not to', async () => {
    const complete = await anUpload('parts/late', [theEnd]);
    await put('parts/late', 'first');
    expect((await refusalOf(complete({ IfNoneMatch: '*' }))).status).toBe(412);
    expect(await getText('parts/late')).toBe('first');
  });

  // User guide, "Multipart upload limits": parts of at least 5 MB but for the last.
  it('refuses an upload with a part under 5 MB that is not the last', async () => {
    const complete = await anUpload('parts/small', [part.subarray(1), theEnd]);
    expect((await refusalOf(complete())).name).toBe('EntityTooSmall');
  });

  // API reference, CompletedPart: the checksum of a part "is present if the multipart upload request
  // was created with" its algorithm.
  it('wants the checksums of the parts when the upload was created with an algorithm', async () => {
    const complete = await anUpload('parts/crc', [theEnd], { ChecksumAlgorithm: 'CRC32' });
    expect((await refusalOf(complete())).name).toBe('InvalidRequest');
    expect((await complete({ sums: true })).ChecksumType).toBe('COMPOSITE');
  });

  // The same page, read the other way.
  it('refuses the checksums of parts when the upload was created without an algorithm', async () => {
    const complete = await anUpload('parts/none', [theEnd]);
    expect((await refusalOf(complete({ sums: true }))).name).toBe('InvalidPart');
    await complete();
  });

  // API reference, "Error responses": the codes that clients branch on.
  it('names its refusals', async () => {
    expect((await refusalOf(getText('none'))).name).toBe('NoSuchKey');
    const head = await refusalOf(client.send(new HeadObjectCommand({ Bucket, Key: 'none' })));
    expect([head.name, head.status]).toEqual(['NotFound', 404]);
    const bucket = new GetObjectCommand({ Bucket: freshName('absent'), Key: 'k' });
    expect((await refusalOf(client.send(bucket))).name).toBe('NoSuchBucket');
    await put('still/here', 'x');
    const full = await refusalOf(client.send(new DeleteBucketCommand({ Bucket })));
    expect([full.name, full.status]).toEqual(['BucketNotEmpty', 409]);
  });
});
