// The model of S3: buckets with their configuration, objects with versions, conditions and checksums,
// multipart uploads, listings. Lifecycle rules, policies and notifications are kept, not carried out.

import { type CallContext, ServiceError, type ServiceModel } from '../service.ts';
import {
  createBucket,
  deleteBucket,
  deleteSubResource,
  getBucketLocation,
  getBucketVersioning,
  getSubResource,
  headBucket,
  listBuckets,
  putBucketVersioning,
  putSubResource,
} from './bucket-operations.ts';
import { Buckets } from './buckets.ts';
import { copyObject } from './copy-operations.ts';
import { dumpBuckets, loadBuckets } from './dump.ts';
import { listObjects, listObjectsV2, listObjectVersions } from './list-operations.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
  uploadPartCopy,
} from './multipart-operations.ts';
import {
  deleteObject,
  deleteObjects,
  deleteObjectTagging,
  getObject,
  getObjectTagging,
  headObject,
  putObject,
  putObjectTagging,
} from './object-operations.ts';

export interface S3Options {
  /** @default 'us-east-1' */
  readonly region?: string;
  /** @default '000000000000' */
  readonly accountId?: string;
}

/** A model whose state can be taken out and put back, as plain data that can be cloned. */
export interface S3 extends ServiceModel {
  /** All buckets with their objects; shares nothing with the model. */
  dump(): unknown;
  /** Replaces everything by what `dump` gave. */
  load(state: unknown): void;
}

type Operation = (buckets: Buckets, input: object, nowMs: number) => object;

/** Names of the operations of each sub-resource: put, get, delete. */
const SUB_RESOURCE_OPERATIONS: readonly (readonly [string, string, string?, string?])[] = [
  ['Encryption', 'PutBucketEncryption', 'GetBucketEncryption', 'DeleteBucketEncryption'],
  ['Policy', 'PutBucketPolicy', 'GetBucketPolicy', 'DeleteBucketPolicy'],
  ['PublicAccessBlock', 'PutPublicAccessBlock', 'GetPublicAccessBlock', 'DeletePublicAccessBlock'],
  [
    'Lifecycle',
    'PutBucketLifecycleConfiguration',
    'GetBucketLifecycleConfiguration',
    'DeleteBucketLifecycle',
  ],
  [
    'OwnershipControls',
    'PutBucketOwnershipControls',
    'GetBucketOwnershipControls',
    'DeleteBucketOwnershipControls',
  ],
  ['Tagging', 'PutBucketTagging', 'GetBucketTagging', 'DeleteBucketTagging'],
  ['Logging', 'PutBucketLogging', 'GetBucketLogging'],
  ['Notification', 'PutBucketNotificationConfiguration', 'GetBucketNotificationConfiguration'],
];

const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['CreateBucket', createBucket],
  ['HeadBucket', headBucket],
  ['DeleteBucket', deleteBucket],
  ['ListBuckets', listBuckets],
  ['GetBucketLocation', getBucketLocation],
  ['PutBucketVersioning', putBucketVersioning],
  ['GetBucketVersioning', getBucketVersioning],
  ['PutObject', putObject],
  ['GetObject', getObject],
  ['HeadObject', headObject],
  ['DeleteObject', deleteObject],
  ['DeleteObjects', deleteObjects],
  ['CopyObject', copyObject],
  ['PutObjectTagging', putObjectTagging],
  ['GetObjectTagging', getObjectTagging],
  ['DeleteObjectTagging', deleteObjectTagging],
  ['ListObjectsV2', listObjectsV2],
  ['ListObjects', listObjects],
  ['ListObjectVersions', listObjectVersions],
  ['CreateMultipartUpload', createMultipartUpload],
  ['UploadPart', uploadPart],
  ['UploadPartCopy', uploadPartCopy],
  ['CompleteMultipartUpload', completeMultipartUpload],
  ['AbortMultipartUpload', abortMultipartUpload],
  ['ListParts', listParts],
  ['ListMultipartUploads', listMultipartUploads],
  ...SUB_RESOURCE_OPERATIONS.flatMap(subResourceOperations),
]);

/**
 * An S3 of one account, without buckets.
 *
 * @example
 * const s3 = createS3({});
 * s3.call('CreateBucket', { Bucket: 'delays' }, { nowMs: 0 });
 */
export function createS3(options: S3Options): S3 {
  const buckets = new Buckets(options.region ?? 'us-east-1', options.accountId ?? '000000000000');
  return {
    call(operation: string, input: object, { nowMs }: CallContext) {
      const run = OPERATIONS.get(operation);
      if (run !== undefined) return run(buckets, input, nowMs);
      throw new ServiceError('NotImplemented', `S3 has no ${operation} here`, { statusCode: 501 });
    },
    dump: () => dumpBuckets(buckets),
    load(state) {
      loadBuckets(buckets, state);
    },
  };
}

function subResourceOperations([
  name,
  put,
  get,
  remove,
]: (typeof SUB_RESOURCE_OPERATIONS)[number]): readonly (readonly [string, Operation])[] {
  const operations: [string | undefined, Operation][] = [
    [put, (buckets, input) => putSubResource(buckets, name, input)],
    [get, (buckets, input) => getSubResource(buckets, name, input)],
    [remove, (buckets, input) => deleteSubResource(buckets, name, input)],
  ];
  return operations.flatMap(([operation, run]) =>
    operation === undefined ? [] : [[operation, run] as const],
  );
}
