import { physicalNameOf } from '../physical-name.ts';
import type { JsonObject } from '../template.ts';
import { find, listOf, objectOf, pick, type ResourceType } from './resource-type.ts';

export const bucket: ResourceType = {
  put({ logicalId, stackName, properties }, { call, region }) {
    const Bucket = String(
      properties['BucketName'] ??
        physicalNameOf({ stackName, logicalId, lengthMax: 63, lowerCase: true }),
    );
    if (find(() => call('s3', 'HeadBucket', { Bucket })) === undefined) {
      call('s3', 'CreateBucket', { Bucket });
    }
    for (const [operation, input] of settingsOf(properties)) {
      call('s3', operation, { Bucket, ...input });
    }
    return {
      physicalId: Bucket,
      attributes: {
        Arn: `arn:aws:s3:::${Bucket}`,
        DomainName: `${Bucket}.s3.amazonaws.com`,
        RegionalDomainName: `${Bucket}.s3.${region}.amazonaws.com`,
      },
    };
  },
  remove({ physicalId }, { call }) {
    call('s3', 'DeleteBucket', { Bucket: physicalId });
  },
};

export const bucketPolicy: ResourceType = {
  put({ properties }, { call }) {
    const Bucket = String(properties['Bucket']);
    call('s3', 'PutBucketPolicy', { Bucket, Policy: JSON.stringify(properties['PolicyDocument']) });
    return { physicalId: Bucket };
  },
  remove({ physicalId }, { call }) {
    call('s3', 'DeleteBucketPolicy', { Bucket: physicalId });
  },
};

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
