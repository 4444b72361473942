import {
  CopyObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Clock } from '../../../ports/clock.ts';
import type { ObjectPublisher } from '../../../ports/publisher.ts';
import { toEngineError } from '../errors.ts';

const CONTENT_TYPE = 'application/x-ndjson';

/** Finished objects under their final names; staged ones are copied from the engine's bucket. */
export function createS3ObjectPublisher(
  client: S3Client,
  stagingBucket: string,
  clock: Clock,
): ObjectPublisher {
  const until = (deadlineMs: number) => ({ abortSignal: clock.abortAt(deadlineMs) });

  return {
    async put({ bucketName, key, bytes, deadlineMs }) {
      try {
        await client.send(
          new PutObjectCommand({
            Bucket: bucketName,
            Key: key,
            Body: bytes,
            ContentType: CONTENT_TYPE,
          }),
          until(deadlineMs),
        );
      } catch (error) {
        throw toEngineError(`publishing ${key}`, error);
      }
    },

    async copy({ stagedKey, bucketName, key, deadlineMs }) {
      try {
        await client.send(
          new CopyObjectCommand({
            Bucket: bucketName,
            Key: key,
            CopySource: `${stagingBucket}/${stagedKey.split('/').map(encodeURIComponent).join('/')}`,
            MetadataDirective: 'REPLACE',
            ContentType: CONTENT_TYPE,
          }),
          until(deadlineMs),
        );
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw toEngineError(`publishing ${key}`, error);
      }
    },

    async exists({ bucketName, key, deadlineMs }) {
      try {
        await client.send(
          new HeadObjectCommand({ Bucket: bucketName, Key: key }),
          until(deadlineMs),
        );
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw toEngineError(`looking for ${key}`, error);
      }
    },
  };
}

const isMissing = (error: unknown) =>
  error instanceof NoSuchKey ||
  error instanceof NotFound ||
  (error instanceof Error && error.name === 'NoSuchKey');
