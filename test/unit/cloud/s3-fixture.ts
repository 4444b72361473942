// Builders for the tests of the model of S3.

import { createS3, type S3 } from '../../../lib/cloud/s3/s3.ts';
import { ServiceError } from '../../../lib/cloud/service.ts';

// biome-ignore lint/suspicious/noExplicitAny: the members of an answer differ by operation.
type Answer = Record<string, any>;

export const NOW_MS = 1_700_000_000_000;

export const text = (content: string) => new TextEncoder().encode(content);
export const readable = (body: Uint8Array) => new TextDecoder().decode(body);

/** A model with the bucket `files`; `call` fills in its name. */
export function aBucket() {
  const s3 = createS3({});
  const call = callsOf(s3);
  call('CreateBucket', {});
  return {
    s3,
    call,
    put: (Key: string, content = Key, more: object = {}) =>
      call('PutObject', { Key, Body: text(content), ...more }),
    get: (Key: string, more: object = {}) => readable(call('GetObject', { Key, ...more })['Body']),
  };
}

/** Calls on the bucket `files` at `NOW_MS` unless others are given. */
export function callsOf(s3: S3) {
  return (operation: string, input: object = {}, nowMs: number = NOW_MS): Answer =>
    s3.call(operation, { Bucket: 'files', ...input }, { nowMs });
}

/** The refusal that `run` ends in. */
export function refusalOf(run: () => unknown): ServiceError {
  try {
    run();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('the call was not refused');
}
