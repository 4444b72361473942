// Operations on buckets, and the sub-resources that configure them: what is put is what is returned.

import { Bucket } from './bucket.ts';
import type { Buckets } from './buckets.ts';
import { parseTagSet } from './object-headers.ts';
import { invalidArgument, malformedXml, notFound, refusal } from './refusals.ts';

interface BucketInput {
  readonly Bucket?: string;
  readonly ExpectedBucketOwner?: string;
}

export interface CreateBucketInput extends BucketInput {
  readonly ObjectOwnership?: string;
  readonly ObjectLockEnabledForBucket?: boolean;
}

/** The region whose `CreateBucket` accepts a bucket that is one's own already. */
const FIRST_REGION = 'us-east-1';
const NAME = /^(?!.*\.\.)(?!xn--)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function createBucket(buckets: Buckets, input: CreateBucketInput, nowMs: number): object {
  const name = input.Bucket ?? '';
  if (!NAME.test(name)) {
    throw refusal(400, 'InvalidBucketName', 'The specified bucket is not valid.', {
      BucketName: name,
    });
  }
  const existing = buckets.find(name);
  if (existing !== undefined && buckets.region !== FIRST_REGION) {
    throw refusal(
      409,
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      { BucketName: name },
    );
  }
  if (existing === undefined) {
    const bucket = new Bucket(name, nowMs);
    const ObjectOwnership = input.ObjectOwnership ?? 'BucketOwnerEnforced';
    bucket.settings.set('OwnershipControls', { Rules: [{ ObjectOwnership }] });
    bucket.settings.set('PublicAccessBlock', ALL_BLOCKED);
    bucket.settings.set('Encryption', ENCRYPTED);
    buckets.add(bucket);
  }
  return { Location: `/${name}` };
}

export function headBucket(buckets: Buckets, input: BucketInput): object {
  if (buckets.find(input.Bucket) === undefined) throw notFound();
  buckets.get(input);
  return { BucketRegion: buckets.region };
}

export function deleteBucket(buckets: Buckets, input: BucketInput): object {
  const bucket = buckets.get(input);
  if (!bucket.isEmpty) {
    throw refusal(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty', {
      BucketName: bucket.name,
    });
  }
  buckets.remove(bucket);
  return {};
}

export function listBuckets(buckets: Buckets): object {
  return {
    Owner: { ID: buckets.accountId },
    Buckets: buckets.all.map(({ name, createdAtMs }) => ({
      Name: name,
      CreationDate: createdAtMs,
    })),
  };
}

export function getBucketLocation(buckets: Buckets, input: BucketInput): object {
  buckets.get(input);
  return buckets.region === FIRST_REGION ? {} : { LocationConstraint: buckets.region };
}

export function putBucketVersioning(
  buckets: Buckets,
  input: BucketInput & { readonly VersioningConfiguration?: { readonly Status?: string } },
): object {
  const { Status: status } = input.VersioningConfiguration ?? {};
  if (status !== 'Enabled' && status !== 'Suspended') throw malformedXml();
  buckets.get(input).settings.set('Versioning', status);
  return {};
}

export function getBucketVersioning(buckets: Buckets, input: BucketInput): object {
  const { versioning } = buckets.get(input);
  return versioning === undefined ? {} : { Status: versioning };
}

/** A sub-resource that is kept as it was put. */
interface SubResource {
  /** The member of the request that holds it. */
  readonly member: string;
  /** The answer made of what was put. */
  readonly render: (value: unknown) => object;
  /** Code and message of the refusal when it was never put; absent: an empty answer. */
  readonly missing?: readonly [code: string, message: string];
  readonly check?: (value: unknown) => void;
}

const ALL_BLOCKED = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};
const ENCRYPTED = {
  Rules: [
    {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
      BucketKeyEnabled: false,
    },
  ],
};

const whole = (value: unknown) => (value ?? {}) as object;

const SUB_RESOURCES: Readonly<Record<string, SubResource>> = {
  Encryption: {
    member: 'ServerSideEncryptionConfiguration',
    render: (value) => ({ ServerSideEncryptionConfiguration: value }),
    missing: [
      'ServerSideEncryptionConfigurationNotFoundError',
      'The server side encryption configuration was not found',
    ],
  },
  Policy: {
    member: 'Policy',
    render: (value) => ({ Policy: value }),
    missing: ['NoSuchBucketPolicy', 'The bucket policy does not exist'],
    check: requireJson,
  },
  PublicAccessBlock: {
    member: 'PublicAccessBlockConfiguration',
    render: (value) => ({ PublicAccessBlockConfiguration: value }),
    missing: [
      'NoSuchPublicAccessBlockConfiguration',
      'The public access block configuration was not found',
    ],
  },
  Lifecycle: {
    member: 'LifecycleConfiguration',
    render: whole,
    missing: ['NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist'],
  },
  OwnershipControls: {
    member: 'OwnershipControls',
    render: (value) => ({ OwnershipControls: value }),
    missing: ['OwnershipControlsNotFoundError', 'The bucket ownership controls were not found'],
  },
  Tagging: {
    member: 'Tagging',
    render: whole,
    missing: ['NoSuchTagSet', 'The TagSet does not exist'],
    check: (value) => {
      parseTagSet((value as { TagSet?: readonly object[] }).TagSet ?? []);
    },
  },
  Logging: { member: 'BucketLoggingStatus', render: whole },
  Notification: { member: 'NotificationConfiguration', render: whole },
};

export function putSubResource(buckets: Buckets, name: string, input: BucketInput): object {
  const { member, check } = SUB_RESOURCES[name]!;
  const value = (input as Readonly<Record<string, unknown>>)[member];
  const bucket = buckets.get(input);
  if (value === undefined) throw malformedXml();
  check?.(value);
  bucket.settings.set(name, structuredClone(value));
  return {};
}

export function getSubResource(buckets: Buckets, name: string, input: BucketInput): object {
  const { render, missing } = SUB_RESOURCES[name]!;
  const bucket = buckets.get(input);
  const value = bucket.settings.get(name);
  if (value === undefined && missing !== undefined) {
    throw refusal(404, missing[0], missing[1], { BucketName: bucket.name });
  }
  return structuredClone(render(value));
}

export function deleteSubResource(buckets: Buckets, name: string, input: BucketInput): object {
  buckets.get(input).settings.delete(name);
  return {};
}

function requireJson(policy: unknown): void {
  try {
    JSON.parse(policy as string);
  } catch {
    throw refusal(
      400,
      'MalformedPolicy',
      'Policies must be valid JSON and the first byte must be {',
    );
  }
  if (String(policy).trimStart().startsWith('{')) return;
  throw invalidArgument(
    'Policies must be valid JSON and the first byte must be {',
    'Policy',
    policy,
  );
}
