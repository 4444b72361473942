import { describe, expect, it } from 'vitest';
import { createS3 } from '../../../lib/cloud/s3/s3.ts';
import { aBucket, callsOf, NOW_MS, refusalOf } from './s3-fixture.ts';

describe('a bucket', () => {
  it('is created, found, listed and deleted', () => {
    const { call } = aBucket();
    call('CreateBucket', { Bucket: 'another.one' });
    expect(call('HeadBucket')).toEqual({ BucketRegion: 'us-east-1' });
    expect(call('GetBucketLocation')).toEqual({});
    expect(call('ListBuckets')['Buckets']).toEqual([
      { Name: 'another.one', CreationDate: NOW_MS },
      { Name: 'files', CreationDate: NOW_MS },
    ]);
    call('DeleteBucket');
    expect(refusalOf(() => call('HeadBucket'))).toMatchObject({
      code: 'NotFound',
      statusCode: 404,
    });
    expect(refusalOf(() => call('DeleteBucket')).code).toBe('NoSuchBucket');
  });

  it('keeps what it holds when it is created again, or is one too many elsewhere', () => {
    const { call, put, get } = aBucket();
    put('k');
    call('CreateBucket');
    expect(get('k')).toBe('k');
    const elsewhere = callsOf(createS3({ region: 'eu-west-1' }));
    elsewhere('CreateBucket');
    expect(refusalOf(() => elsewhere('CreateBucket'))).toMatchObject({
      code: 'BucketAlreadyOwnedByYou',
      statusCode: 409,
    });
    expect(elsewhere('GetBucketLocation')).toEqual({ LocationConstraint: 'eu-west-1' });
  });

  it('must be empty to be deleted, of old versions too', () => {
    const { call, put } = aBucket();
    call('PutBucketVersioning', { VersioningConfiguration: { Status: 'Enabled' } });
    put('k');
    call('DeleteObject', { Key: 'k' });
    expect(refusalOf(() => call('DeleteBucket'))).toMatchObject({
      code: 'BucketNotEmpty',
      statusCode: 409,
    });
  });

  it.each(['ab', 'Upper', 'under_score', '-dash', 'two..dots', '10.0.0.1', 'x'.repeat(64)])(
    'cannot be called %s',
    (Bucket) => {
      const { call } = aBucket();
      expect(refusalOf(() => call('CreateBucket', { Bucket })).code).toBe('InvalidBucketName');
    },
  );
});

describe('the configuration of a bucket', () => {
  const rules = {
    Rules: [{ ID: 'x', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } }],
  };

  it('begins as the service sets it', () => {
    const { call } = aBucket();
    expect(call('GetBucketVersioning')).toEqual({});
    expect(call('GetPublicAccessBlock')['PublicAccessBlockConfiguration'].BlockPublicAcls).toBe(
      true,
    );
    expect(
      call('GetBucketEncryption')['ServerSideEncryptionConfiguration'].Rules[0]
        .ApplyServerSideEncryptionByDefault.SSEAlgorithm,
    ).toBe('AES256');
    expect(call('GetBucketOwnershipControls')['OwnershipControls'].Rules).toEqual([
      { ObjectOwnership: 'BucketOwnerEnforced' },
    ]);
    expect(call('GetBucketNotificationConfiguration')).toEqual({});
    expect(call('GetBucketLogging')).toEqual({});
  });

  it.each([
    [
      'PutBucketPolicy',
      'GetBucketPolicy',
      'DeleteBucketPolicy',
      'Policy',
      '{"Version":"2012-10-17"}',
      'NoSuchBucketPolicy',
    ],
    [
      'PutBucketTagging',
      'GetBucketTagging',
      'DeleteBucketTagging',
      'Tagging',
      { TagSet: [{ Key: 'a', Value: 'b' }] },
      'NoSuchTagSet',
    ],
    [
      'PutBucketLifecycleConfiguration',
      'GetBucketLifecycleConfiguration',
      'DeleteBucketLifecycle',
      'LifecycleConfiguration',
      rules,
      'NoSuchLifecycleConfiguration',
    ],
    [
      'PutPublicAccessBlock',
      'GetPublicAccessBlock',
      'DeletePublicAccessBlock',
      'PublicAccessBlockConfiguration',
      { BlockPublicAcls: false },
      'NoSuchPublicAccessBlockConfiguration',
    ],
    [
      'PutBucketOwnershipControls',
      'GetBucketOwnershipControls',
      'DeleteBucketOwnershipControls',
      'OwnershipControls',
      rules,
      'OwnershipControlsNotFoundError',
    ],
    [
      'PutBucketEncryption',
      'GetBucketEncryption',
      'DeleteBucketEncryption',
      'ServerSideEncryptionConfiguration',
      rules,
      'ServerSideEncryptionConfigurationNotFoundError',
    ],
  ])('%s is returned by %s until %s', (put, get, remove, member, value, missing) => {
    const { call } = aBucket();
    call(put, { [member]: value });
    const answer = call(get);
    expect(answer[member] ?? answer).toEqual(value);
    call(remove);
    expect(refusalOf(() => call(get))).toMatchObject({ code: missing, statusCode: 404 });
  });

  it('decides how objects are encrypted', () => {
    const { call, put } = aBucket();
    const rule = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'key' },
      BucketKeyEnabled: true,
    };
    call('PutBucketEncryption', { ServerSideEncryptionConfiguration: { Rules: [rule] } });
    expect(put('k')).toMatchObject({
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: 'key',
      BucketKeyEnabled: true,
    });
    expect(put('k', 'x', { ServerSideEncryption: 'AES256' })['ServerSideEncryption']).toBe(
      'AES256',
    );
  });

  it('is refused when it is no configuration', () => {
    const { call } = aBucket();
    expect(refusalOf(() => call('PutBucketVersioning', { VersioningConfiguration: {} })).code).toBe(
      'MalformedXML',
    );
    expect(refusalOf(() => call('PutBucketTagging')).code).toBe('MalformedXML');
    expect(refusalOf(() => call('PutBucketPolicy', { Policy: 'no' })).code).toBe('MalformedPolicy');
    expect(refusalOf(() => call('PutBucketWebsite'))).toMatchObject({
      code: 'NotImplemented',
      statusCode: 501,
    });
  });
});
