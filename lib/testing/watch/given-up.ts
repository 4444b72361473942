// What the mapping itself says that it gave up: it leaves a document for every batch that it discards.

import type { Cloud } from '../../cloud/cloud.ts';
import { compareSequenceNumbers } from '../../model/record.ts';
import { ENGINE_BUCKET } from './sink-watch.ts';

/** Records of one shard that were discarded, both ends inclusive. */
export interface GivenUp {
  readonly shardId: string;
  readonly first: string;
  readonly last: string;
}

/** Where Lambda puts such documents in the bucket that is the mapping's destination. */
const PREFIX = 'aws/lambda/';

export function givenUpIn(cloud: Cloud, nowMs: number): readonly GivenUp[] {
  const call = (operation: string, input: object) =>
    cloud.call('s3', operation, { Bucket: ENGINE_BUCKET, ...input }, nowMs);
  const { Contents: contents = [] } = call('ListObjectsV2', { Prefix: PREFIX }) as {
    Contents?: { Key: string }[];
  };
  return contents.map(({ Key }) => {
    const { Body: body } = call('GetObject', { Key }) as { Body: Uint8Array };
    const { KinesisBatchInfo: batch } = JSON.parse(Buffer.from(body).toString('utf8'));
    const { shardId, startSequenceNumber: first, endSequenceNumber: last } = batch;
    return { shardId, first, last };
  });
}

export const isGivenUp = (givenUp: readonly GivenUp[], sequenceNumber: string): boolean =>
  givenUp.some(
    ({ first, last }) =>
      compareSequenceNumbers(first, sequenceNumber) <= 0 &&
      compareSequenceNumbers(sequenceNumber, last) <= 0,
  );
