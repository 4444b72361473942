// Throughput of one shard, by arithmetic on the time of the call ("Kinesis Data Streams quotas and
// limits"): 1,000 records and 1 MiB per second in, 5 reads and 2 MiB per second out.

const MIB = 1_048_576;
const RECORDS_PER_SECOND = 1_000;
const WRITE_BYTES_PER_SECOND = MIB;
const READS_PER_SECOND = 5;
const READ_BYTES_PER_SECOND = 2 * MIB;

/** How much of the last second's allowance is used up; it drains with time. */
export interface WriteMeter {
  records: number;
  bytes: number;
  atMs: number;
}

export interface ReadMeter {
  reads: number;
  bytes: number;
  /** No read before this: one answer alone took more than a second's allowance. */
  blockedUntilMs: number;
  atMs: number;
}

export const freshWriteMeter = (): WriteMeter => ({ records: 0, bytes: 0, atMs: 0 });
export const freshReadMeter = (): ReadMeter => ({
  reads: 0,
  bytes: 0,
  blockedUntilMs: 0,
  atMs: 0,
});

/** Counts one record if the shard can take it now; `false` when it is throttled. */
export function admitWrite(meter: WriteMeter, byteLength: number, nowMs: number): boolean {
  const elapsedS = Math.max(0, nowMs - meter.atMs) / 1_000;
  meter.records = Math.max(0, meter.records - elapsedS * RECORDS_PER_SECOND);
  meter.bytes = Math.max(0, meter.bytes - elapsedS * WRITE_BYTES_PER_SECOND);
  meter.atMs = Math.max(meter.atMs, nowMs);
  // A record larger than one second's allowance is a burst: it needs an unused allowance and is paid off later.
  const needed = Math.min(byteLength, WRITE_BYTES_PER_SECOND);
  if (meter.records + 1 > RECORDS_PER_SECOND) return false;
  if (meter.bytes + needed > WRITE_BYTES_PER_SECOND) return false;
  meter.records += 1;
  meter.bytes += byteLength;
  return true;
}

/** Counts one read if the shard can serve it now; `false` when it is throttled. */
export function admitRead(meter: ReadMeter, nowMs: number): boolean {
  const elapsedS = Math.max(0, nowMs - meter.atMs) / 1_000;
  meter.reads = Math.max(0, meter.reads - elapsedS * READS_PER_SECOND);
  meter.bytes = Math.max(0, meter.bytes - elapsedS * READ_BYTES_PER_SECOND);
  meter.atMs = Math.max(meter.atMs, nowMs);
  if (nowMs < meter.blockedUntilMs) return false;
  if (meter.reads + 1 > READS_PER_SECOND || meter.bytes >= READ_BYTES_PER_SECOND) return false;
  meter.reads += 1;
  return true;
}

/**
 * Charges what a read returned. An answer larger than one second's allowance stops further reads
 * until it is paid off: 10 MiB stop them for 5 seconds, as documented.
 */
export function chargeRead(meter: ReadMeter, byteLength: number, nowMs: number): void {
  meter.bytes += byteLength;
  if (byteLength <= READ_BYTES_PER_SECOND) return;
  meter.blockedUntilMs = nowMs + (byteLength / READ_BYTES_PER_SECOND) * 1_000;
}
