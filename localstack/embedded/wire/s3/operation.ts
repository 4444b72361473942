// S3 has no operation names on the wire: method, path depth, sub-resource and one header decide.

import { ServiceError } from '../../../../lib/cloud/service.ts';

export interface S3Request {
  readonly method: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly query: ReadonlyMap<string, string>;
  readonly copies: boolean;
}

/** Sub-resources of a bucket that are stored and given back; the method chooses Get, Put or Delete. */
export const BUCKET_SETTINGS: Readonly<Record<string, { operation: string; root: string }>> = {
  versioning: { operation: 'BucketVersioning', root: 'VersioningConfiguration' },
  policy: { operation: 'BucketPolicy', root: '' },
  publicAccessBlock: { operation: 'PublicAccessBlock', root: 'PublicAccessBlockConfiguration' },
  encryption: { operation: 'BucketEncryption', root: 'ServerSideEncryptionConfiguration' },
  lifecycle: { operation: 'BucketLifecycleConfiguration', root: 'LifecycleConfiguration' },
  ownershipControls: { operation: 'BucketOwnershipControls', root: 'OwnershipControls' },
  tagging: { operation: 'BucketTagging', root: 'Tagging' },
};

/** @throws ServiceError `NotImplemented` for what the embedded cloud does not offer. */
export function operationOf(request: S3Request): string {
  const name =
    request.bucket === undefined
      ? serviceOperation(request)
      : request.key === undefined
        ? bucketOperation(request)
        : objectOperation(request);
  if (name !== undefined) return name;
  throw new ServiceError(
    'NotImplemented',
    `the embedded cloud does not offer ${request.method} with ${[...request.query.keys()].join(', ') || 'no sub-resource'}`,
    { statusCode: 501 },
  );
}

function serviceOperation({ method }: S3Request): string | undefined {
  return method === 'GET' ? 'ListBuckets' : undefined;
}

function bucketOperation({ method, query }: S3Request): string | undefined {
  for (const [name, { operation }] of Object.entries(BUCKET_SETTINGS)) {
    if (!query.has(name)) continue;
    const verb = { GET: 'Get', PUT: 'Put', DELETE: 'Delete' }[method];
    // The service itself drops half of the name here.
    if (verb === 'Delete' && name === 'lifecycle') return 'DeleteBucketLifecycle';
    return verb === undefined ? undefined : `${verb}${operation}`;
  }
  switch (method) {
    case 'GET':
      return listOperation(query);
    case 'PUT':
      return hasSubResource(query) ? undefined : 'CreateBucket';
    case 'HEAD':
      return 'HeadBucket';
    case 'DELETE':
      return hasSubResource(query) ? undefined : 'DeleteBucket';
    case 'POST':
      return query.has('delete') ? 'DeleteObjects' : undefined;
    default:
      return undefined;
  }
}

/** Settings that are not kept here must not be taken for the bucket itself. */
const OTHER_SETTINGS = [
  'accelerate',
  'acl',
  'analytics',
  'cors',
  'intelligent-tiering',
  'inventory',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'policyStatus',
  'replication',
  'requestPayment',
  'website',
];

function hasSubResource(query: ReadonlyMap<string, string>): boolean {
  return OTHER_SETTINGS.some((name) => query.has(name));
}

function listOperation(query: ReadonlyMap<string, string>): string | undefined {
  if (hasSubResource(query)) return undefined;
  if (query.has('location')) return 'GetBucketLocation';
  if (query.has('versions')) return 'ListObjectVersions';
  if (query.has('uploads')) return 'ListMultipartUploads';
  return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
}

function objectOperation({ method, query, copies }: S3Request): string | undefined {
  if (query.has('acl') || query.has('retention') || query.has('legal-hold')) return undefined;
  if (query.has('tagging')) {
    return { GET: 'GetObjectTagging', PUT: 'PutObjectTagging', DELETE: 'DeleteObjectTagging' }[
      method
    ];
  }
  const upload = query.has('uploadId');
  switch (method) {
    case 'GET':
      if (query.has('attributes')) return 'GetObjectAttributes';
      return upload ? 'ListParts' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      if (upload) return copies ? 'UploadPartCopy' : 'UploadPart';
      return copies ? 'CopyObject' : 'PutObject';
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload';
      return upload ? 'CompleteMultipartUpload' : undefined;
    case 'DELETE':
      return upload ? 'AbortMultipartUpload' : 'DeleteObject';
    default:
      return undefined;
  }
}
