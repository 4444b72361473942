import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { EngineFunction } from './engine-function.ts';
import { createPrivateBucket } from './private-bucket.ts';
import type { Protection } from './protection.ts';

/** First parts of the keys that `lib/contract/keys.ts` makes. */
export const ENGINE_PREFIXES = [
  'bodies/',
  'staged/',
  'segments/',
  'manifests/',
  'lineage/',
] as const;

/** Where Lambda itself puts batches that the mapping gave up, with their payload. */
const FAILED_BATCHES_PREFIX = 'aws/lambda/';

/** The engine's own bucket: spilled bodies, staged rows, checkpoints, lineage and failed batches. */
export class CheckpointBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, protection: Protection) {
    super(scope, id);
    this.bucket = createPrivateBucket(this, 'Bucket', protection);
  }

  /** Lets a partition task read and write the engine's objects; it deletes none. */
  grantReadWrite(task: EngineFunction): void {
    task.allowObjects({
      sid: 'ReadAndWriteEngineObjects',
      actions: ['s3:GetObject', 's3:PutObject'],
      bucket: this.bucket,
      prefixes: ENGINE_PREFIXES,
    });
    this.allowList(task);
  }

  /** Lets maintenance fold commits into checkpoints and delete what no checkpoint names. */
  grantMaintain(maintenance: EngineFunction): void {
    maintenance.allowObjects({
      sid: 'FoldAndPruneEngineObjects',
      actions: ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'],
      bucket: this.bucket,
      prefixes: ENGINE_PREFIXES,
    });
    this.allowList(maintenance);
  }

  /**
   * Lets the mapping of `task` keep the batches that it gives up. Lambda asks for the right to list
   * the bucket, too, which the task has for its own reads.
   */
  grantKeepFailedBatches(task: EngineFunction): void {
    task.allowObjects({
      sid: 'KeepFailedBatches',
      actions: ['s3:PutObject'],
      bucket: this.bucket,
      prefixes: [FAILED_BATCHES_PREFIX],
    });
  }

  // Without a condition on the prefix: without it S3 says 404 for an object that is missing, with it
  // 403, and a missing object must not look like a forbidden one.
  private allowList(reader: EngineFunction): void {
    reader.allow(
      new PolicyStatement({
        sid: 'ListEngineObjects',
        actions: ['s3:ListBucket'],
        resources: [this.bucket.bucketArn],
      }),
    );
  }
}
