import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { EngineError } from '../../../model/errors.ts';
import { STATIC_TABLE_BYTES_MAX } from '../../../model/limits.ts';
import type { TableReading } from '../../../ports/static-table-reader.ts';
import { toEngineError } from '../errors.ts';

/** Reads a table that is one object of NDJSON; its version is the object's version id or entity tag. */
export async function readS3Table(
  client: S3Client,
  place: { readonly bucketName: string; readonly key: string },
): Promise<TableReading> {
  const { bucketName, key } = place;
  const at = `table s3://${bucketName}/${key}`;
  try {
    const object = await client.send(new GetObjectCommand({ Bucket: bucketName, Key: key }));
    if ((object.ContentLength ?? 0) > STATIC_TABLE_BYTES_MAX) {
      throw new EngineError(
        'invalid',
        `${at} has ${object.ContentLength} bytes, the limit is ${STATIC_TABLE_BYTES_MAX}: keep only the rows and fields that are joined`,
      );
    }
    const bytes = (await object.Body?.transformToByteArray()) ?? new Uint8Array();
    const text = Buffer.from(bytes).toString('utf8');
    return { version: versionOf(object), rows: parseLines(text, at) };
  } catch (error) {
    throw isMissing(error) ? missing(at, error) : toEngineError(`reading ${at}`, error);
  }
}

function versionOf({ ETag, VersionId }: GetObjectCommandOutput): string | null {
  // Objects of buckets without versions have the id "null" once versions were suspended.
  if (VersionId !== undefined && VersionId !== 'null') return VersionId;
  return ETag?.replaceAll('"', '') ?? null;
}

function parseLines(text: string, at: string): unknown[] {
  const rows: unknown[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      rows.push(JSON.parse(line));
    } catch (cause) {
      throw new EngineError('invalid', `${at}: line ${index + 1} is not JSON`, { cause });
    }
  }
  return rows;
}

const isMissing = (error: unknown) => error instanceof Error && error.name === 'NoSuchKey';

const missing = (at: string, cause: unknown) =>
  new EngineError('invalid', `${at} does not exist: put the object there, one JSON row a line`, {
    cause,
    code: 'table-missing',
  });
