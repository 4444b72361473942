import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { aBucket, refusalOf, text } from './s3-fixture.ts';

const PART_BYTES_MIN = 5 * 1024 * 1024;
const big = new Uint8Array(PART_BYTES_MIN).fill(1);
const small = text('the end');
const digest = (algorithm: string, bytes: Uint8Array) =>
  createHash(algorithm).update(bytes).digest();

function anUpload(input: object = {}) {
  const bucket = aBucket();
  const { UploadId } = bucket.call('CreateMultipartUpload', { Key: 'k', ...input });
  const upload = { Key: 'k', UploadId };
  return {
    ...bucket,
    upload,
    part: (PartNumber: number, Body: Uint8Array, more: object = {}) =>
      bucket.call('UploadPart', { ...upload, PartNumber, Body, ...more }),
    complete: (Parts: object[], more: object = {}) =>
      bucket.call('CompleteMultipartUpload', { ...upload, MultipartUpload: { Parts }, ...more }),
  };
}

describe('a multipart upload', () => {
  it('makes one object of its parts, which can be read across the seam', () => {
    const { call, part, complete } = anUpload({ ContentType: 'text/plain', Metadata: { a: '1' } });
    const two = part(2, small)['ETag'];
    const one = part(1, big)['ETag'];
    const done = complete([
      { PartNumber: 1, ETag: one },
      { PartNumber: 2, ETag: two },
    ]);
    const etags = Buffer.concat([digest('md5', big), digest('md5', small)]);
    expect(done).toMatchObject({
      Bucket: 'files',
      Key: 'k',
      ETag: `"${digest('md5', etags).toString('hex')}-2"`,
    });
    const Range = `bytes=${PART_BYTES_MIN - 1}-${PART_BYTES_MIN}`;
    expect(call('GetObject', { Key: 'k', Range })['Body']).toEqual(
      new Uint8Array([1, 't'.charCodeAt(0)]),
    );
    expect(call('GetObject', { Key: 'k', PartNumber: 2 })).toMatchObject({
      Body: small,
      PartsCount: 2,
    });
    expect(refusalOf(() => call('GetObject', { Key: 'k', PartNumber: 3 })).statusCode).toBe(416);
    expect(call('HeadObject', { Key: 'k' })).toMatchObject({
      ContentLength: PART_BYTES_MIN + small.length,
      ContentType: 'text/plain',
      Metadata: { a: '1' },
    });
    expect(refusalOf(() => part(3, small)).code).toBe('NoSuchUpload');
  });

  it('is not visible before it is complete, nor after it was aborted', () => {
    const { call, upload, part } = anUpload();
    part(1, small);
    expect(call('ListObjectsV2')['KeyCount']).toBe(0);
    expect(call('ListMultipartUploads')['Uploads']).toMatchObject([upload]);
    call('AbortMultipartUpload', upload);
    expect(call('ListMultipartUploads')['Uploads']).toEqual([]);
    expect(refusalOf(() => call('ListParts', upload))).toMatchObject({
      code: 'NoSuchUpload',
      statusCode: 404,
    });
  });

  it('keeps the last of equal part numbers, and lists parts by number', () => {
    const { call, upload, part, complete } = anUpload();
    for (const number of [3, 1, 2]) part(number, text(`part ${number}`));
    const { ETag } = part(2, text('again'));
    const page = call('ListParts', { ...upload, MaxParts: 2 });
    expect(page).toMatchObject({
      IsTruncated: true,
      NextPartNumberMarker: '2',
      Parts: [
        { PartNumber: 1, Size: 6 },
        { PartNumber: 2, Size: 5, ETag },
      ],
    });
    const rest = call('ListParts', { ...upload, PartNumberMarker: page['NextPartNumberMarker'] });
    expect(rest['Parts']).toMatchObject([{ PartNumber: 3 }]);
    complete([{ PartNumber: 2, ETag }]);
    expect(call('GetObject', { Key: 'k' })['Body']).toEqual(text('again'));
  });

  it('refuses parts that are small, absent, changed or out of order', () => {
    const { part, complete } = anUpload();
    const one = { PartNumber: 1, ETag: part(1, big.subarray(1))['ETag'] };
    const two = { PartNumber: 2, ETag: part(2, small)['ETag'] };
    expect(refusalOf(() => complete([one, two]))).toMatchObject({
      code: 'EntityTooSmall',
      fields: { MinSizeAllowed: String(PART_BYTES_MIN) },
    });
    expect(refusalOf(() => complete([two, one])).code).toBe('InvalidPartOrder');
    expect(refusalOf(() => complete([{ ...two, PartNumber: 3 }])).code).toBe('InvalidPart');
    expect(refusalOf(() => complete([{ ...two, ETag: one.ETag }])).code).toBe('InvalidPart');
    expect(refusalOf(() => complete([])).code).toBe('MalformedXML');
    expect(refusalOf(() => part(0, small)).code).toBe('InvalidArgument');
    expect(refusalOf(() => part(10_001, small)).code).toBe('InvalidArgument');
    complete([one]);
  });

  it('obeys conditions when it is completed', () => {
    const { put, get, part, complete } = anUpload();
    const Parts = [{ PartNumber: 1, ETag: part(1, small)['ETag'] }];
    put('k', 'first');
    expect(refusalOf(() => complete(Parts, { IfNoneMatch: '*' })).statusCode).toBe(412);
    expect(refusalOf(() => complete(Parts, { MpuObjectSize: 1 })).code).toBe('InvalidRequest');
    expect(get('k')).toBe('first');
    complete(Parts);
    expect(get('k')).toBe('the end');
  });

  // API reference, CompletedPart and UploadPart: the checksum of a part "is present if the multipart
  // upload request was created with" its algorithm, which "must be the same for all parts".
  it('takes the checksums of parts if it was created with their algorithm, and only then', () => {
    const ChecksumSHA256 = digest('sha256', small).toString('base64');
    const wrong = digest('sha256', big).toString('base64');
    const summed = anUpload({ ChecksumAlgorithm: 'SHA256' });
    const { ETag } = summed.part(1, small, { ChecksumSHA256 });
    const named = { PartNumber: 1, ETag };
    expect(refusalOf(() => summed.complete([{ ...named, ChecksumSHA256: wrong }])).code).toBe(
      'InvalidPart',
    );
    expect(refusalOf(() => summed.complete([named])).message).toContain(
      'created using a sha256 checksum',
    );
    summed.complete([{ ...named, ChecksumSHA256 }]);
    const plain = anUpload();
    plain.part(1, small, { ChecksumSHA256 });
    expect(refusalOf(() => plain.complete([{ ...named, ChecksumSHA256 }])).code).toBe(
      'InvalidPart',
    );
    plain.complete([named]);
  });

  it('takes no part under another algorithm than its own, nor without one', () => {
    const ChecksumSHA256 = digest('sha256', small).toString('base64');
    const { part } = anUpload({ ChecksumAlgorithm: 'CRC32' });
    for (const given of [{ ChecksumSHA256 }, {}]) {
      expect(refusalOf(() => part(1, small, given)).message).toContain('Checksum Type mismatch');
    }
    const whole = anUpload({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
    expect(refusalOf(() => whole.part(1, small, { ChecksumSHA256 })).code).toBe('InvalidRequest');
    whole.part(1, small);
  });

  it('has a checksum of its checksums, or of the whole object', () => {
    const composite = anUpload({ ChecksumAlgorithm: 'SHA256' });
    const sum = digest('sha256', small).toString('base64');
    const { ETag, ChecksumSHA256 } = composite.part(1, small, { ChecksumSHA256: sum });
    const expected = `${digest('sha256', digest('sha256', small)).toString('base64')}-1`;
    expect(composite.complete([{ PartNumber: 1, ETag, ChecksumSHA256 }])).toMatchObject({
      ChecksumSHA256: expected,
      ChecksumType: 'COMPOSITE',
    });
    const read = composite.call('GetObject', { Key: 'k', ChecksumMode: 'ENABLED' });
    expect(read['ChecksumSHA256']).toBe(expected);
    const whole = anUpload({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
    const part = { PartNumber: 1, ETag: whole.part(1, small)['ETag'] };
    expect(refusalOf(() => whole.complete([part], { ChecksumCRC32: 'AAAAAA==' })).code).toBe(
      'BadDigest',
    );
    const { ChecksumCRC32 } = whole.call('PutObject', {
      Key: 'same',
      Body: small,
      ChecksumAlgorithm: 'CRC32',
    });
    expect(whole.complete([part])).toMatchObject({ ChecksumCRC32, ChecksumType: 'FULL_OBJECT' });
    expect(
      refusalOf(() => anUpload({ ChecksumAlgorithm: 'SHA1', ChecksumType: 'FULL_OBJECT' })).code,
    ).toBe('InvalidRequest');
  });

  it('can take parts from other objects', () => {
    const { call, upload, put, get, complete } = anUpload({ ChecksumAlgorithm: 'SHA256' });
    put('from', '0123456789');
    const copied = call('UploadPartCopy', {
      ...upload,
      PartNumber: 1,
      CopySource: 'files/from',
      CopySourceRange: 'bytes=2-4',
    });
    const { ETag, ChecksumSHA256 } = copied['CopyPartResult'];
    expect(ChecksumSHA256).toBe(digest('sha256', text('234')).toString('base64'));
    complete([{ PartNumber: 1, ETag, ChecksumSHA256 }]);
    expect(get('k')).toBe('234');
  });
});
