import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { EngineError } from '../../model/errors.ts';
import type { ListedObject, ObjectStore } from '../../ports/object-store.ts';
import { toEngineError } from './errors.ts';

/** The engine's own bucket. */
export function createS3ObjectStore(client: S3Client, bucketName: string): ObjectStore {
  return {
    async put({ key, bytes }) {
      try {
        await client.send(new PutObjectCommand({ Bucket: bucketName, Key: key, Body: bytes }));
      } catch (error) {
        throw toEngineError(`putting ${key}`, error);
      }
    },

    async get(key) {
      try {
        const { Body: body } = await client.send(
          new GetObjectCommand({ Bucket: bucketName, Key: key }),
        );
        return (await body?.transformToByteArray()) ?? new Uint8Array();
      } catch (error) {
        if (error instanceof NoSuchKey) return null;
        throw toEngineError(`getting ${key}`, error);
      }
    },

    async *list(prefix) {
      let token: string | undefined;
      do {
        const page = await listPage(client, { bucketName, prefix, token });
        yield page.objects;
        token = page.next;
      } while (token !== undefined);
    },

    async delete(keys) {
      try {
        const { Errors: errors = [] } = await client.send(
          new DeleteObjectsCommand({
            Bucket: bucketName,
            Delete: { Objects: keys.map((key) => ({ Key: key })), Quiet: true },
          }),
        );
        if (errors.length > 0) {
          throw new EngineError('unavailable', `${errors.length} objects were not deleted`);
        }
      } catch (error) {
        throw toEngineError('deleting objects', error);
      }
    },
  };
}

async function listPage(
  client: S3Client,
  at: { readonly bucketName: string; readonly prefix: string; readonly token: string | undefined },
): Promise<{ readonly objects: readonly ListedObject[]; readonly next: string | undefined }> {
  try {
    const answer = await client.send(
      new ListObjectsV2Command({
        Bucket: at.bucketName,
        Prefix: at.prefix,
        ContinuationToken: at.token,
      }),
    );
    const objects = (answer.Contents ?? []).map((object) => ({
      key: object.Key ?? '',
      byteLength: object.Size ?? 0,
      modifiedAtMs: object.LastModified?.getTime() ?? Infinity,
    }));
    return { objects, next: answer.NextContinuationToken };
  } catch (error) {
    throw toEngineError(`listing ${at.prefix}`, error);
  }
}
