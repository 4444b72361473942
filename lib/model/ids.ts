// Ids and times are branded so that a shard id is never passed where a commit id belongs.
// Each brand is put on in this file only; everything else takes the branded type.

declare const brand: unique symbol;
type Brand<Value, Name> = Value & { readonly [brand]: Name };

/** A Kinesis shard, as Kinesis names it: `shardId-000000000000`. */
export type ShardId = Brand<string, 'ShardId'>;
/** A record's position in its shard: a decimal number of up to 56 digits, as Kinesis writes it. */
export type SequenceNumber = Brand<string, 'SequenceNumber'>;
/** Counts the commits of one log, from 1, without gaps. */
export type BatchNumber = Brand<number, 'BatchNumber'>;
/** Random per attempt; names one commit and everything that was written for it. */
export type CommitId = Brand<string, 'CommitId'>;
/** One commit log: `pipeline/stage/source/shard`, each part percent-encoded. */
export type LogId = Brand<string, 'LogId'>;
/** Milliseconds since 1970 UTC at which an event happened. */
export type EventTimeMs = Brand<number, 'EventTimeMs'>;
/** Milliseconds since 1970 UTC at which Kinesis took a record. */
export type ArrivalTimeMs = Brand<number, 'ArrivalTimeMs'>;
/** Milliseconds since 1970 UTC on the clock, read once per batch. */
export type BatchTimeMs = Brand<number, 'BatchTimeMs'>;

export const asShardId = (text: string) => text as ShardId;
export const asSequenceNumber = (digits: string) => digits as SequenceNumber;
export const asBatchNumber = (count: number) => count as BatchNumber;
export const asCommitId = (text: string) => text as CommitId;
export const asLogId = (text: string) => text as LogId;
export const asEventTimeMs = (ms: number) => ms as EventTimeMs;
export const asArrivalTimeMs = (ms: number) => ms as ArrivalTimeMs;
export const asBatchTimeMs = (ms: number) => ms as BatchTimeMs;
