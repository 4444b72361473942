import { ServiceError } from '../../../../lib/cloud/service.ts';
import { inventName } from '../physical-name.ts';
import type { JsonObject } from '../template.ts';
import {
  discard,
  find,
  listOf,
  objectOf,
  pick,
  type ResourceType,
  type Workshop,
} from './resource-type.ts';

type Call = Workshop['call'];

/** What takes a setting away again when the template no longer has it. */
const WITHOUT: Readonly<Record<string, readonly [operation: string, input: object]>> = {
  VersioningConfiguration: [
    'PutBucketVersioning',
    { VersioningConfiguration: { Status: 'Suspended' } },
  ],
  PublicAccessBlockConfiguration: ['DeletePublicAccessBlock', {}],
  OwnershipControls: ['DeleteBucketOwnershipControls', {}],
  BucketEncryption: ['DeleteBucketEncryption', {}],
  LifecycleConfiguration: ['DeleteBucketLifecycle', {}],
};

export const bucket: ResourceType = {
  nameProperty: 'BucketName',
  create(wanted, { call, region }) {
    const Bucket = String(
      wanted.properties['BucketName'] ?? inventName({ ...wanted, lengthMax: 63, lowerCase: true }),
    );
    // In the first region S3 itself would take a bucket that is there for the one to be made.
    if (isThere(Bucket, call)) {
      throw new ServiceError('BucketAlreadyOwnedByYou', `${Bucket} already exists`, {
        statusCode: 409,
      });
    }
    call('s3', 'CreateBucket', { Bucket });
    return madeBucket(Bucket, region);
  },
  adopt({ properties }, { call, region }) {
    const Bucket = properties['BucketName'];
    if (Bucket === undefined || !isThere(String(Bucket), call)) return undefined;
    return madeBucket(String(Bucket), region);
  },
  update: ({ physicalId }, _wanted, { region }) => madeBucket(physicalId, region),
  configure({ physicalId: Bucket }, { properties }, { call, before }) {
    for (const [operation, input] of settingsOf(properties)) {
      call('s3', operation, { Bucket, ...input });
    }
    for (const [property, [operation, input]] of Object.entries(WITHOUT)) {
      if (before[property] === undefined || properties[property] !== undefined) continue;
      call('s3', operation, { Bucket, ...input });
    }
  },
  remove({ physicalId }, { call }) {
    discard(() => call('s3', 'DeleteBucket', { Bucket: physicalId }));
  },
};

export const bucketPolicy: ResourceType = {
  replacedBy: ['Bucket'],
  create: ({ properties }, { call }) => putPolicy(properties, call),
  update: (_there, { properties }, { call }) => putPolicy(properties, call),
  remove({ physicalId }, { call }) {
    discard(() => call('s3', 'DeleteBucketPolicy', { Bucket: physicalId }));
  },
};

function isThere(Bucket: string, call: Call): boolean {
  return find(() => call('s3', 'HeadBucket', { Bucket })) !== undefined;
}

function madeBucket(Bucket: string, region: string) {
  return {
    physicalId: Bucket,
    attributes: {
      Arn: `arn:aws:s3:::${Bucket}`,
      DomainName: `${Bucket}.s3.amazonaws.com`,
      RegionalDomainName: `${Bucket}.s3.${region}.amazonaws.com`,
    },
  };
}

function putPolicy(properties: JsonObject, call: Call) {
  const Bucket = String(properties['Bucket']);
  call('s3', 'PutBucketPolicy', { Bucket, Policy: JSON.stringify(properties['PolicyDocument']) });
  return { physicalId: Bucket };
}

function* settingsOf(properties: JsonObject): Generator<[operation: string, input: object]> {
  const versioning = properties['VersioningConfiguration'];
  if (versioning !== undefined) {
    yield ['PutBucketVersioning', { VersioningConfiguration: versioning }];
  }
  const access = properties['PublicAccessBlockConfiguration'];
  if (access !== undefined) {
    yield ['PutPublicAccessBlock', { PublicAccessBlockConfiguration: access }];
  }
  const ownership = properties['OwnershipControls'];
  if (ownership !== undefined)
    yield ['PutBucketOwnershipControls', { OwnershipControls: ownership }];
  const encryption = properties['BucketEncryption'];
  if (encryption !== undefined) {
    const rules = listOf(objectOf(encryption)['ServerSideEncryptionConfiguration']);
    const Rules = rules.map((rule) => encryptionRule(objectOf(rule)));
    yield ['PutBucketEncryption', { ServerSideEncryptionConfiguration: { Rules } }];
  }
  const lifecycle = properties['LifecycleConfiguration'];
  if (lifecycle !== undefined) {
    const Rules = listOf(objectOf(lifecycle)['Rules']).map((rule) => lifecycleRule(objectOf(rule)));
    yield ['PutBucketLifecycleConfiguration', { LifecycleConfiguration: { Rules } }];
  }
}

function encryptionRule(rule: JsonObject): object {
  const { SSEAlgorithm, KMSMasterKeyID } = objectOf(rule['ServerSideEncryptionByDefault']);
  return {
    ApplyServerSideEncryptionByDefault: {
      SSEAlgorithm,
      ...(KMSMasterKeyID === undefined ? {} : { KMSMasterKeyID }),
    },
    ...pick(rule, ['BucketKeyEnabled']),
  };
}

/** The template's flat rule as the API nests it. */
function lifecycleRule(rule: JsonObject): object {
  const days = rule['ExpirationInDays'];
  const expiration = {
    ...(days === undefined ? {} : { Days: days }),
    ...pick(rule, ['ExpiredObjectDeleteMarker']),
  };
  return {
    ...pick(rule, [
      'Status',
      'AbortIncompleteMultipartUpload',
      'NoncurrentVersionExpiration',
      'NoncurrentVersionTransitions',
      'Transitions',
    ]),
    ...(rule['Id'] === undefined ? {} : { ID: rule['Id'] }),
    Filter: { Prefix: rule['Prefix'] ?? '' },
    ...(Object.keys(expiration).length === 0 ? {} : { Expiration: expiration }),
  };
}
