import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createS3 } from '../../../lib/cloud/s3/s3.ts';
import { aBucket, callsOf, NOW_MS, readable, refusalOf, text } from './s3-fixture.ts';

const md5 = (content: string) => createHash('md5').update(content).digest('hex');

describe('an object', () => {
  it('comes back with what was said about it', () => {
    const { call } = aBucket();
    const put = call('PutObject', {
      Key: 'a/b',
      Body: text('hello'),
      ContentType: 'text/plain',
      CacheControl: 'no-cache',
      Metadata: { Batch: '7' },
      Tagging: 'team=flights&a%20b=c%2Fd',
    });
    expect(put).toMatchObject({ ETag: `"${md5('hello')}"`, ServerSideEncryption: 'AES256' });
    const get = call('GetObject', { Key: 'a/b' });
    expect(get).toEqual({
      Body: text('hello'),
      ContentLength: 5,
      ContentType: 'text/plain',
      CacheControl: 'no-cache',
      Metadata: { batch: '7' },
      TagCount: 2,
      ETag: put['ETag'],
      LastModified: NOW_MS,
      AcceptRanges: 'bytes',
      ServerSideEncryption: 'AES256',
    });
    const { Body, ...head } = get;
    expect(call('HeadObject', { Key: 'a/b' })).toEqual(head);
    expect(call('GetObjectTagging', { Key: 'a/b' })['TagSet']).toEqual([
      { Key: 'team', Value: 'flights' },
      { Key: 'a b', Value: 'c/d' },
    ]);
  });

  it('is read as it was last written, or not at all', () => {
    const { call, put, get } = aBucket();
    put('k', 'one');
    put('k', 'two');
    expect(get('k')).toBe('two');
    expect(call('DeleteObject', { Key: 'k' })).toEqual({});
    expect(refusalOf(() => get('k'))).toMatchObject({
      code: 'NoSuchKey',
      statusCode: 404,
      fields: { Key: 'k' },
    });
    expect(refusalOf(() => call('HeadObject', { Key: 'k' }))).toMatchObject({
      code: 'NotFound',
      statusCode: 404,
    });
    expect(call('DeleteObject', { Key: 'k' })).toEqual({});
  });

  it('shares no bytes with requests or answers', () => {
    const { call, get } = aBucket();
    const given = Buffer.from('abc');
    call('PutObject', { Key: 'k', Body: given });
    given.fill(0);
    call('GetObject', { Key: 'k' })['Body'].fill(0);
    call('GetObject', { Key: 'k' })['Metadata'].x = 'y';
    expect(get('k')).toBe('abc');
    expect(call('GetObject', { Key: 'k' })['Metadata']).toEqual({});
  });

  it('may be empty, and may have any key of 1,024 bytes', () => {
    const { call, put, get } = aBucket();
    const keys = ['a b+c%/../ü', '__proto__', 'x'.repeat(1024), '\u{1F600}'];
    for (const key of keys) put(key);
    expect(keys.map((key) => get(key))).toEqual(keys);
    call('PutObject', { Key: 'empty' });
    expect(get('empty')).toBe('');
    expect(refusalOf(() => put('é'.repeat(513))).code).toBe('KeyTooLongError');
    expect(refusalOf(() => put('')).code).toBe('InvalidArgument');
    expect(refusalOf(() => put('k', 'x', { Metadata: { a: 'x'.repeat(2048) } })).code).toBe(
      'MetadataTooLarge',
    );
  });

  it('needs its bucket, and its owner if one is named', () => {
    const { call } = aBucket();
    const gone = { Bucket: 'gone', Key: 'k' };
    expect(refusalOf(() => call('GetObject', gone))).toMatchObject({
      code: 'NoSuchBucket',
      statusCode: 404,
    });
    expect(refusalOf(() => call('PutObject', gone)).code).toBe('NoSuchBucket');
    expect(refusalOf(() => call('HeadObject', gone)).code).toBe('NotFound');
    const foreign = { Key: 'k', ExpectedBucketOwner: '999999999999' };
    expect(refusalOf(() => call('PutObject', foreign)).code).toBe('AccessDenied');
  });

  it('has tags that can be replaced and removed', () => {
    const { call, put } = aBucket();
    put('k');
    const tag = (TagSet: object[]) => call('PutObjectTagging', { Key: 'k', Tagging: { TagSet } });
    tag([{ Key: 'a', Value: '1' }]);
    expect(call('GetObjectTagging', { Key: 'k' })).toEqual({ TagSet: [{ Key: 'a', Value: '1' }] });
    call('DeleteObjectTagging', { Key: 'k' });
    expect(call('GetObjectTagging', { Key: 'k' })).toEqual({ TagSet: [] });
    expect(refusalOf(() => tag([{ Key: 'a' }, { Key: 'a' }])).code).toBe('InvalidTag');
    const eleven = Array.from({ length: 11 }, (_, index) => ({ Key: `k${index}` }));
    expect(refusalOf(() => tag(eleven)).code).toBe('BadRequest');
  });
});

describe('a conditional write', () => {
  it('with If-None-Match lets one of twenty through', () => {
    const { put, get } = aBucket();
    const outcomes = Array.from({ length: 20 }, (_, index) => {
      try {
        put('k', String(index), { IfNoneMatch: '*' });
        return 'won';
      } catch (error) {
        expect(error).toMatchObject({ code: 'PreconditionFailed', statusCode: 412 });
        return 'refused';
      }
    });
    expect(outcomes.filter((outcome) => outcome === 'won')).toHaveLength(1);
    expect(get('k')).toBe('0');
  });

  it('with If-Match replaces only the version it means', () => {
    const { put, get } = aBucket();
    const { ETag } = put('k', 'one');
    put('k', 'two', { IfMatch: ETag });
    expect(refusalOf(() => put('k', 'three', { IfMatch: ETag }))).toMatchObject({
      code: 'PreconditionFailed',
      fields: { Condition: 'If-Match' },
    });
    expect(refusalOf(() => put('new', 'x', { IfMatch: ETag }))).toMatchObject({
      code: 'NoSuchKey',
      statusCode: 404,
    });
    expect(refusalOf(() => put('k', 'x', { IfNoneMatch: ETag })).code).toBe('NotImplemented');
    expect(get('k')).toBe('two');
  });

  it('may be made again after a delete', () => {
    const { call, put, get } = aBucket();
    call('PutBucketVersioning', { VersioningConfiguration: { Status: 'Enabled' } });
    put('k', 'one', { IfNoneMatch: '*' });
    call('DeleteObject', { Key: 'k' });
    put('k', 'two', { IfNoneMatch: '*' });
    expect(get('k')).toBe('two');
  });
});

describe('a conditional read', () => {
  it('says that nothing changed, or that it is not what was meant', () => {
    const { call, put } = aBucket();
    const { ETag } = put('k');
    const read = (conditions: object) => call('GetObject', { Key: 'k', ...conditions });
    expect(read({ IfMatch: ETag })['ETag']).toBe(ETag);
    expect(read({ IfMatch: '*' })['ETag']).toBe(ETag);
    expect(refusalOf(() => read({ IfMatch: '"other"' }))).toMatchObject({
      code: 'PreconditionFailed',
      statusCode: 412,
    });
    expect(read({ IfNoneMatch: '"other"' })['ETag']).toBe(ETag);
    expect(refusalOf(() => read({ IfNoneMatch: `"other", ${ETag}` }))).toMatchObject({
      code: 'NotModified',
      statusCode: 304,
      fields: { ETag },
    });
    expect(refusalOf(() => read({ IfModifiedSince: NOW_MS })).statusCode).toBe(304);
    expect(read({ IfModifiedSince: NOW_MS - 1_000 })['ETag']).toBe(ETag);
    expect(refusalOf(() => read({ IfUnmodifiedSince: NOW_MS - 1_000 })).statusCode).toBe(412);
    // An entity tag decides before a time does.
    expect(read({ IfMatch: ETag, IfUnmodifiedSince: 0 })['ETag']).toBe(ETag);
    expect(refusalOf(() => read({ IfNoneMatch: ETag, IfModifiedSince: 0 })).statusCode).toBe(304);
    expect(refusalOf(() => call('HeadObject', { Key: 'k', IfNoneMatch: ETag })).statusCode).toBe(
      304,
    );
  });
});

describe('a range', () => {
  it.each([
    ['bytes=2-5', '2345', 'bytes 2-5/10'],
    ['bytes=5-', '56789', 'bytes 5-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-30', '0123456789', 'bytes 0-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
    ['bytes=5-2', '0123456789', undefined],
    ['bytes=0-1,3-4', '0123456789', undefined],
    ['lines=1-2', '0123456789', undefined],
  ])('%s is %s', (Range, content, ContentRange) => {
    const { call, put } = aBucket();
    put('k', '0123456789');
    const answer = call('GetObject', { Key: 'k', Range });
    expect(readable(answer['Body'])).toBe(content);
    expect(answer['ContentRange']).toBe(ContentRange);
    expect(answer['ContentLength']).toBe(content.length);
    const head = call('HeadObject', { Key: 'k', Range });
    expect(head).toMatchObject({ ContentLength: content.length });
  });

  it('behind the end cannot be satisfied', () => {
    const { call, put } = aBucket();
    put('k', '0123456789');
    put('empty', '');
    for (const [Key, Range] of [
      ['k', 'bytes=10-'],
      ['k', 'bytes=-0'],
      ['empty', 'bytes=0-'],
    ]) {
      expect(refusalOf(() => call('GetObject', { Key, Range }))).toMatchObject({
        code: 'InvalidRange',
        statusCode: 416,
      });
    }
  });
});

describe('a checksum', () => {
  const check = text('123456789');
  // The check values that the catalogues of CRCs give for these bytes.
  const known = {
    CRC32: 'y/Q5Jg==',
    CRC32C: '4waSgw==',
    CRC64NVME: 'rosUhgp5mIg=',
    SHA1: createHash('sha1').update(check).digest('base64'),
    SHA256: createHash('sha256').update(check).digest('base64'),
  };

  it.each(Object.entries(known))('of %s is verified, kept and returned', (algorithm, expected) => {
    const { call } = aBucket();
    const member = `Checksum${algorithm}`;
    const put = call('PutObject', { Key: 'k', Body: check, [member]: expected });
    expect(put).toMatchObject({ [member]: expected, ChecksumType: 'FULL_OBJECT' });
    const get = call('GetObject', { Key: 'k', ChecksumMode: 'ENABLED' });
    expect(get).toMatchObject({ [member]: expected });
    expect(call('GetObject', { Key: 'k' })).not.toHaveProperty(member);
    const part = call('GetObject', { Key: 'k', ChecksumMode: 'ENABLED', Range: 'bytes=0-1' });
    expect(part).not.toHaveProperty(member);
    const wrong = { Key: 'k', Body: text('other'), [member]: expected };
    expect(refusalOf(() => call('PutObject', wrong))).toMatchObject({
      code: 'BadDigest',
      statusCode: 400,
    });
    expect(refusalOf(() => call('PutObject', { ...wrong, [member]: 'AA==' })).code).toBe(
      'InvalidRequest',
    );
  });

  it('is CRC64NVME unless another is named', () => {
    const { call } = aBucket();
    const put = (more: object) => call('PutObject', { Key: 'k', Body: check, ...more });
    expect(put({})).toMatchObject({ ChecksumCRC64NVME: known.CRC64NVME });
    expect(put({ ChecksumAlgorithm: 'CRC32C' })).toMatchObject({ ChecksumCRC32C: known.CRC32C });
    expect(refusalOf(() => put({ ChecksumAlgorithm: 'ADLER' })).code).toBe('InvalidRequest');
    const two = { ChecksumCRC32: known.CRC32, ChecksumCRC32C: known.CRC32C };
    expect(refusalOf(() => put(two)).message).toContain('Expecting a single');
  });

  it('may be the MD5 of the content', () => {
    const { call } = aBucket();
    const put = (ContentMD5: string) => call('PutObject', { Key: 'k', Body: check, ContentMD5 });
    put(createHash('md5').update(check).digest('base64'));
    expect(refusalOf(() => put(createHash('md5').update('x').digest('base64'))).code).toBe(
      'BadDigest',
    );
    expect(refusalOf(() => put('AA==')).code).toBe('InvalidDigest');
  });
});

describe('a delete', () => {
  it('may mean one version only', () => {
    const { call, put, get } = aBucket();
    const { ETag } = put('k', 'one');
    put('k', 'two');
    expect(refusalOf(() => call('DeleteObject', { Key: 'k', IfMatch: ETag })).statusCode).toBe(412);
    expect(get('k')).toBe('two');
    call('DeleteObject', { Key: 'k', IfMatch: '*' });
    expect(refusalOf(() => call('DeleteObject', { Key: 'k', IfMatch: '*' })).statusCode).toBe(404);
  });

  it('of many tells what became of each', () => {
    const { call, put } = aBucket();
    put('a');
    put('b');
    const Objects = [{ Key: 'a' }, { Key: 'absent' }, { Key: 'b', ETag: '"other"' }];
    expect(call('DeleteObjects', { Delete: { Objects } })).toEqual({
      Deleted: [{ Key: 'a' }, { Key: 'absent' }],
      Errors: [{ Key: 'b', Code: 'PreconditionFailed', Message: expect.any(String) }],
    });
    expect(call('DeleteObjects', { Delete: { Objects: [{ Key: 'b' }], Quiet: true } })).toEqual({});
    expect(refusalOf(() => call('DeleteObjects', { Delete: { Objects: [] } })).code).toBe(
      'MalformedXML',
    );
    const tooMany = Array.from({ length: 1001 }, (_, index) => ({ Key: String(index) }));
    expect(refusalOf(() => call('DeleteObjects', { Delete: { Objects: tooMany } })).code).toBe(
      'MalformedXML',
    );
  });
});

describe('versions', () => {
  const enabled = () => {
    const bucket = aBucket();
    bucket.call('PutBucketVersioning', { VersioningConfiguration: { Status: 'Enabled' } });
    return bucket;
  };

  it('are all kept, and the newest is the current one', () => {
    const { call, put, get } = enabled();
    const one = put('k', 'one')['VersionId'];
    const two = put('k', 'two')['VersionId'];
    expect(get('k')).toBe('two');
    expect(get('k', { VersionId: one })).toBe('one');
    call('DeleteObject', { Key: 'k', VersionId: two });
    expect(call('GetObject', { Key: 'k' })).toMatchObject({ VersionId: one, Body: text('one') });
    expect(refusalOf(() => get('k', { VersionId: two }))).toMatchObject({
      code: 'NoSuchVersion',
      statusCode: 404,
    });
  });

  it('are hidden by a delete marker until that is deleted', () => {
    const { call, put, get } = enabled();
    put('k', 'one');
    const marker = call('DeleteObject', { Key: 'k' });
    expect(marker).toEqual({ DeleteMarker: true, VersionId: expect.any(String) });
    expect(refusalOf(() => get('k'))).toMatchObject({
      code: 'NoSuchKey',
      fields: { DeleteMarker: true },
    });
    const { VersionId } = marker;
    expect(refusalOf(() => get('k', { VersionId }))).toMatchObject({
      code: 'MethodNotAllowed',
      statusCode: 405,
    });
    expect(call('ListObjectsV2')['KeyCount']).toBe(0);
    expect(call('DeleteObject', { Key: 'k', VersionId })).toEqual({
      DeleteMarker: true,
      VersionId,
    });
    expect(get('k')).toBe('one');
  });

  it('begin with the one that was there before, whose id is null', () => {
    const { call, put, get } = aBucket();
    put('k', 'before');
    call('PutBucketVersioning', { VersioningConfiguration: { Status: 'Enabled' } });
    put('k', 'kept');
    call('PutBucketVersioning', { VersioningConfiguration: { Status: 'Suspended' } });
    put('k', 'after');
    expect(get('k', { VersionId: 'null' })).toBe('after');
    const { Versions } = call('ListObjectVersions');
    expect(
      Versions.map((version: { IsLatest: boolean; Size: number }) => [
        version.IsLatest,
        version.Size,
      ]),
    ).toEqual([
      [true, 5],
      [false, 4],
    ]);
    expect(call('DeleteObject', { Key: 'k' })).toEqual({ DeleteMarker: true, VersionId: 'null' });
    expect(call('ListObjectVersions')).toMatchObject({
      Versions: [{ Size: 4 }],
      DeleteMarkers: [{ IsLatest: true }],
    });
  });

  it('are listed page by page, markers among them', () => {
    const { call, put } = enabled();
    for (const content of ['1', '22', '333']) put('a', content);
    call('DeleteObject', { Key: 'a' });
    put('b');
    const seen: string[] = [];
    let input: object = { MaxKeys: 2 };
    for (;;) {
      const page = call('ListObjectVersions', input);
      for (const { Key, Size } of page['Versions']) seen.push(`${Key}:${Size}`);
      for (const { Key } of page['DeleteMarkers']) seen.push(`${Key}:marker`);
      if (!page['IsTruncated']) break;
      input = {
        MaxKeys: 2,
        KeyMarker: page['NextKeyMarker'],
        VersionIdMarker: page['NextVersionIdMarker'],
      };
    }
    expect(seen).toEqual(['a:3', 'a:marker', 'a:2', 'a:1', 'b:1']);
  });
});

describe('a copy', () => {
  it('takes bytes, metadata and tags to another bucket', () => {
    const { call, put } = aBucket();
    call('CreateBucket', { Bucket: 'others' });
    put('dir/é +%', 'content', { ContentType: 'text/csv', Metadata: { a: '1' }, Tagging: 't=1' });
    const CopySource = `/files/${encodeURIComponent('dir/é +%')}`;
    const copied = call('CopyObject', { Bucket: 'others', Key: 'k', CopySource }, NOW_MS + 5);
    expect(copied['CopyObjectResult']).toMatchObject({
      ETag: `"${md5('content')}"`,
      LastModified: NOW_MS + 5,
    });
    expect(call('GetObject', { Bucket: 'others', Key: 'k' })).toMatchObject({
      Body: text('content'),
      ContentType: 'text/csv',
      Metadata: { a: '1' },
      TagCount: 1,
    });
  });

  it('can replace metadata, also of the object itself', () => {
    const { call, put } = aBucket();
    put('k', 'content', { Metadata: { a: '1' } });
    const copy = { Key: 'k', CopySource: 'files/k' };
    expect(refusalOf(() => call('CopyObject', copy)).code).toBe('InvalidRequest');
    call('CopyObject', { ...copy, MetadataDirective: 'REPLACE', Metadata: { b: '2' } });
    expect(call('GetObject', { Key: 'k' })).toMatchObject({
      Metadata: { b: '2' },
      Body: text('content'),
    });
  });

  it('is refused when a condition of either end fails', () => {
    const { call, put, get } = aBucket();
    const { ETag } = put('from', 'new');
    put('to', 'old');
    const copy = (more: object) =>
      call('CopyObject', { Key: 'to', CopySource: 'files/from', ...more });
    const refused = [
      { IfNoneMatch: '*' },
      { IfMatch: '"other"' },
      { CopySourceIfMatch: '"other"' },
      { CopySourceIfNoneMatch: ETag },
      { CopySourceIfModifiedSince: NOW_MS },
      { CopySourceIfUnmodifiedSince: NOW_MS - 1_000 },
    ];
    for (const condition of refused) {
      expect(refusalOf(() => copy(condition))).toMatchObject({
        code: 'PreconditionFailed',
        statusCode: 412,
      });
    }
    expect(get('to')).toBe('old');
    copy({ CopySourceIfMatch: ETag });
    expect(get('to')).toBe('new');
    copy({ Key: 'fresh', IfNoneMatch: '*' });
    expect(refusalOf(() => copy({ CopySource: 'files/absent' })).code).toBe('NoSuchKey');
    expect(refusalOf(() => copy({ CopySource: 'nothing' })).code).toBe('InvalidArgument');
  });

  it('can take an older version', () => {
    const { call, put, get } = aBucket();
    call('PutBucketVersioning', { VersioningConfiguration: { Status: 'Enabled' } });
    const { VersionId } = put('k', 'one');
    put('k', 'two');
    const copied = call('CopyObject', { Key: 'k', CopySource: `files/k?versionId=${VersionId}` });
    expect(copied['CopySourceVersionId']).toBe(VersionId);
    expect(get('k')).toBe('one');
  });
});

describe('the state of the model', () => {
  it('can be taken out, cloned, and put back into another', () => {
    const { s3, call, put } = aBucket();
    call('PutBucketVersioning', { VersioningConfiguration: { Status: 'Enabled' } });
    put('é', 'one');
    put('é', 'two');
    const { UploadId } = call('CreateMultipartUpload', { Key: 'm' });
    call('UploadPart', { Key: 'm', UploadId, PartNumber: 1, Body: text('part') });
    const state = s3.dump();
    const copy = createS3({});
    copy.load(structuredClone(state));
    call('DeleteObject', { Key: 'é' });
    const read = callsOf(copy);
    expect(read('GetObject', { Key: 'é' })['Body']).toEqual(text('two'));
    expect(read('ListObjectVersions')['Versions']).toHaveLength(2);
    expect(read('ListParts', { Key: 'm', UploadId })['Parts']).toHaveLength(1);
    expect(copy.dump()).toEqual(state);
    const fresh = read('PutObject', { Key: 'é', Body: text('three') })['VersionId'];
    expect(
      read('ListObjectVersions')['Versions'].filter(
        (version: { VersionId: string }) => version.VersionId === fresh,
      ),
    ).toHaveLength(1);
  });
});
