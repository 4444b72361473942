import { Duration, Validations } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Protection } from './protection.ts';

/** How long an object that was deleted or replaced by mistake can be brought back. */
const RECOVERABLE_DAYS = 7;

/**
 * A bucket that only its owner's roles reach, only over TLS 1.2 or newer, and that can undo a
 * deletion for a week. Everything that matters is explicit, so that no default can change it.
 */
export function createPrivateBucket(scope: Construct, id: string, protection: Protection): Bucket {
  const bucket = new Bucket(scope, id, {
    blockPublicAccess: new BlockPublicAccess({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    }),
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    ...(protection.key === undefined
      ? { encryption: BucketEncryption.S3_MANAGED }
      : {
          encryption: BucketEncryption.KMS,
          encryptionKey: protection.key,
          // One request to KMS per object would cost more than the object.
          bucketKeyEnabled: true,
        }),
    versioned: true,
    lifecycleRules: [
      {
        id: 'recoverable',
        noncurrentVersionExpiration: Duration.days(RECOVERABLE_DAYS),
        abortIncompleteMultipartUploadAfter: Duration.days(1),
      },
      { id: 'delete-markers', expiredObjectDeleteMarker: true },
    ],
    removalPolicy: protection.removalPolicy,
  });
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      'Access logs would cost more requests than the pipeline makes. Who wrote an object is in the commit log, which names every object with its digest; data events of CloudTrail show readers.',
  });
  return bucket;
}
