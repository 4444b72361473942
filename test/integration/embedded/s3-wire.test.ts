import { request } from 'node:http';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../../localstack/embedded/embedded-cloud.ts';
import { type Clients, createClients } from './fixtures/clients.ts';

const Bucket = 'wire';
const ODD_KEYS = [
  'plain',
  'a b+c&d=e?f#g%h',
  'ünï/日本/🙂',
  ' leading and trailing ',
  'quotes \'" <xml> &amp;',
  'a//b/../c',
  'carriage\rreturn',
];

let cloud: EmbeddedCloud;
let clients: Clients;

beforeAll(async () => {
  cloud = await startEmbeddedCloud({ port: 0 });
  clients = createClients(cloud.endpoint);
  await clients.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  clients.destroy();
  await cloud.stop();
});

async function bytesOf(Key: string): Promise<Uint8Array> {
  const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket, Key }));
  return Body!.transformToByteArray();
}

function checksumOf(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

describe('uploads in chunks', () => {
  it('a streamed upload is stored without its framing, its trailing checksum is kept', async () => {
    const parts = [Buffer.alloc(70_000, 1), Buffer.alloc(3, 2), Buffer.alloc(200_000, 3)];
    const whole = Buffer.concat(parts);
    await clients.s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'streamed',
        Body: Readable.from(parts),
        ContentLength: whole.length,
        ContentEncoding: 'identity',
      }),
    );
    const read = await clients.s3.send(
      new GetObjectCommand({ Bucket, Key: 'streamed', ChecksumMode: 'ENABLED' }),
    );
    expect(Buffer.from(await read.Body!.transformToByteArray()).equals(whole)).toBe(true);
    expect(read.ChecksumCRC32).toBe(checksumOf(whole));
    expect(read.ContentEncoding).toBe('identity');
  });

  const put = (body: string, headers: Record<string, string>) =>
    fetch(`${cloud.endpoint}/${Bucket}/signed`, {
      method: 'PUT',
      body,
      headers: { 'content-encoding': 'aws-chunked', ...headers },
    });
  const SIGNED = { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER' };

  it('signatures of chunks and a signed trailer are taken off', async () => {
    const sum = checksumOf(Buffer.from('hello world'));
    const body =
      `6;chunk-signature=${'a'.repeat(64)}\r\nhello \r\n5;chunk-signature=${'b'.repeat(64)}\r\nworld\r\n` +
      `0;chunk-signature=${'c'.repeat(64)}\r\nx-amz-checksum-crc32:${sum}\n\r\n` +
      `x-amz-trailer-signature:${'d'.repeat(64)}\r\n\r\n`;
    const answer = await put(body, { ...SIGNED, 'x-amz-decoded-content-length': '11' });
    expect(answer.status).toBe(200);
    expect(Buffer.from(await bytesOf('signed')).toString()).toBe('hello world');
  });

  it('a trailing checksum that is wrong is a BadDigest and stores nothing', async () => {
    const body = '5\r\nother\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n';
    const answer = await put(body, { 'x-amz-decoded-content-length': '5' });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('<Code>BadDigest</Code>');
    expect(Buffer.from(await bytesOf('signed')).toString()).toBe('hello world');
  });

  it.each([
    ['ends inside a chunk', 'ff\r\nshort', '255'],
    ['has no last chunk', '5\r\nhello\r\n', '5'],
    ['is shorter than it says', '5\r\nhello\r\n0\r\n\r\n', '6'],
    ['is no framing at all', 'hello world', '11'],
  ])('a body that %s is an IncompleteBody', async (_what, body, length) => {
    const answer = await put(body, { 'x-amz-decoded-content-length': length });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('<Code>IncompleteBody</Code>');
  });
});

describe('keys', () => {
  it.each(ODD_KEYS)('%j is kept as it is by put, get, copy, list and delete', async (Key) => {
    const copy = `copies/${Key}`;
    await clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    const CopySource = `${Bucket}/${encodeURIComponent(Key)}`;
    await clients.s3.send(new CopyObjectCommand({ Bucket, Key: copy, CopySource }));
    expect(Buffer.from(await bytesOf(copy)).toString()).toBe(Key);
    const listed = await clients.s3.send(new ListObjectsV2Command({ Bucket, Prefix: copy }));
    expect(listed.Contents?.map((object) => object.Key)).toEqual([copy]);
    const urls = await clients.s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: copy, EncodingType: 'url' }),
    );
    expect(decodeURIComponent(urls.Contents![0]!.Key!.replaceAll('+', '%20'))).toBe(copy);
    const { Deleted } = await clients.s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }, { Key: copy }] } }),
    );
    expect(Deleted?.map((object) => object.Key)).toEqual([Key, copy]);
    const after = await clients.s3.send(new ListObjectsV2Command({ Bucket, Prefix: copy }));
    expect(after.KeyCount).toBe(0);
  });

  it('a bucket may stand in the host name', async () => {
    await clients.s3.send(new PutObjectCommand({ Bucket, Key: 'hosted', Body: 'yes' }));
    const { port } = new URL(cloud.endpoint);
    const answer = await new Promise<string>((resolve, reject) => {
      request(
        {
          port,
          host: '127.0.0.1',
          path: '/hosted',
          headers: { host: `${Bucket}.localhost:${port}` },
        },
        async (response) => {
          let text = '';
          for await (const chunk of response) text += chunk;
          resolve(text);
        },
      )
        .on('error', reject)
        .end();
    });
    expect(answer).toBe('yes');
  });
});

describe('requests', () => {
  it('metadata, content headers and user-defined metadata come back', async () => {
    await clients.s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'described',
        Body: '{}',
        ContentType: 'application/json',
        CacheControl: 'no-cache',
        Metadata: { batch: '17' },
      }),
    );
    const head = await clients.s3.send(new HeadObjectCommand({ Bucket, Key: 'described' }));
    expect(head).toMatchObject({
      ContentType: 'application/json',
      CacheControl: 'no-cache',
      ContentLength: 2,
      Metadata: { batch: '17' },
    });
    expect(head.LastModified).toBeInstanceOf(Date);
  });

  it('a range is answered with 206 and its place', async () => {
    await clients.s3.send(new PutObjectCommand({ Bucket, Key: 'digits', Body: '0123456789' }));
    const read = await clients.s3.send(
      new GetObjectCommand({ Bucket, Key: 'digits', Range: 'bytes=2-4' }),
    );
    expect(read.$metadata.httpStatusCode).toBe(206);
    expect(read.ContentRange).toBe('bytes 2-4/10');
    expect(await read.Body!.transformToString()).toBe('234');
  });

  it('a refusal to HEAD has no body, to GET it names the key', async () => {
    const head = clients.s3.send(new HeadObjectCommand({ Bucket, Key: 'none' }));
    await expect(head).rejects.toMatchObject({ name: 'NotFound' });
    const get = clients.s3.send(new GetObjectCommand({ Bucket, Key: 'none' }));
    await expect(get).rejects.toMatchObject({ name: 'NoSuchKey', Key: 'none' });
  });

  it('a condition that does not hold is 412, an unchanged object 304', async () => {
    const { ETag } = await clients.s3.send(
      new PutObjectCommand({ Bucket, Key: 'once', Body: '1', IfNoneMatch: '*' }),
    );
    const again = clients.s3.send(
      new PutObjectCommand({ Bucket, Key: 'once', Body: '2', IfNoneMatch: '*' }),
    );
    await expect(again).rejects.toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    });
    const unchanged = clients.s3.send(
      new GetObjectCommand({ Bucket, Key: 'once', IfNoneMatch: ETag }),
    );
    await expect(unchanged).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
  });

  it('waits for 100-continue are answered', async () => {
    const { port } = new URL(cloud.endpoint);
    const statusCode = await new Promise<number | undefined>((resolve, reject) => {
      const put = request(
        {
          port,
          host: '127.0.0.1',
          method: 'PUT',
          path: `/${Bucket}/patient`,
          headers: { expect: '100-continue', 'content-length': 5 },
        },
        (response) => resolve(response.resume().statusCode),
      );
      put.on('continue', () => put.end('hello'));
      put.on('error', reject);
      put.flushHeaders();
    });
    expect(statusCode).toBe(200);
  });

  it('a presigned URL carries headers in its query and overrides those of the answer', async () => {
    const signature =
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=any%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0';
    const put = await fetch(
      `${cloud.endpoint}/${Bucket}/presigned?${signature}&x-amz-meta-from=url&x-id=PutObject`,
      { method: 'PUT', body: 'hello' },
    );
    expect(put.status).toBe(200);
    const get = await fetch(
      `${cloud.endpoint}/${Bucket}/presigned?${signature}&response-content-type=text%2Fcsv`,
    );
    expect(get.headers.get('content-type')).toBe('text/csv');
    expect(get.headers.get('x-amz-meta-from')).toBe('url');
    expect(await get.text()).toBe('hello');
  });

  it('an upload in parts becomes one object', async () => {
    const Key = 'in-parts';
    const { UploadId } = await clients.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const bodies = [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('end')];
    const Parts = await Promise.all(
      bodies.map(async (Body, index) => {
        const PartNumber = index + 1;
        const part = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body });
        const { ETag } = await clients.s3.send(part);
        return { ETag, PartNumber };
      }),
    );
    await clients.s3.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
    );
    expect(Buffer.from(await bytesOf(Key)).equals(Buffer.concat(bodies))).toBe(true);
  });

  it.each([
    ['a setting that is not kept', 'PUT', `/${Bucket}?acl`, 'NotImplemented'],
    ['a path that cannot be decoded', 'GET', `/${Bucket}/%ff`, 'InvalidURI'],
    ['a document that is no XML', 'POST', `/${Bucket}?delete`, 'MalformedXML'],
  ])('%s is refused', async (_what, method, path, code) => {
    const body = method === 'POST' ? '<Delete><Obj' : null;
    const answer = await fetch(`${cloud.endpoint}${path}`, { method, body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await answer.text()).toContain(`<Code>${code}</Code>`);
  });
});
