// Shard iterators: opaque to clients, they hold a position and the time they were given out.

import { createHash } from 'node:crypto';

/** "A shard iterator expires 5 minutes after it is returned to the requester." */
export const ITERATOR_LIFE_MS = 300_000;

export interface ShardIterator {
  readonly streamName: string;
  /** Tells a stream from an earlier one of the same name. */
  readonly streamCreatedMs: number;
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** Whether reading begins after that number, or at it. */
  readonly after: boolean;
  readonly issuedMs: number;
}

const CHECK_LENGTH = 16;

export function encodeIterator(iterator: ShardIterator): string {
  const fields = [
    iterator.streamName,
    iterator.streamCreatedMs,
    iterator.shardId,
    iterator.sequenceNumber,
    iterator.after ? 'after' : 'at',
    iterator.issuedMs,
  ].join('/');
  return Buffer.from(`${check(fields)}${fields}`).toString('base64');
}

/** `undefined` when the text is not an iterator of ours, or was changed. */
export function decodeIterator(text: string): ShardIterator | undefined {
  const plain = Buffer.from(text, 'base64').toString('latin1');
  const fields = plain.slice(CHECK_LENGTH);
  if (plain.slice(0, CHECK_LENGTH) !== check(fields)) return undefined;
  const [streamName, createdMs, shardId, sequenceNumber, side, issuedMs] = fields.split('/');
  return {
    streamName: streamName!,
    streamCreatedMs: Number(createdMs),
    shardId: shardId!,
    sequenceNumber: sequenceNumber!,
    after: side === 'after',
    issuedMs: Number(issuedMs),
  };
}

function check(fields: string): string {
  return createHash('md5').update(fields).digest('hex').slice(0, CHECK_LENGTH);
}
