// Kinesis in both of its protocols: JSON 1.1, and the CBOR that the SDK for Java sends. They differ in
// how blobs (base64 or bytes) and times (seconds, or tag 1 with milliseconds) are written.

import { decode, encode, type TagDecoder, Tagged } from 'cborg';
import { base64Of, rebuild } from './rebuild.ts';

const TIMES_IN = ['Timestamp', 'StreamCreationTimestamp'];
const TIME_NAME = /Timestamp$/;
const CBOR_EPOCH_TAG = 1;

interface Entry {
  Data?: unknown;
}

export function decodeKinesisJson(body: Buffer): object {
  const input = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  openData(input as Entry);
  if (Array.isArray(input['Records'])) for (const entry of input['Records']) openData(entry);
  openTimes(input);
  return input;
}

export function encodeKinesisJson(output: object): string {
  return JSON.stringify(
    rebuild(output, (name, value) => {
      if (value instanceof Uint8Array) return base64Of(value);
      return typeof value === 'number' && TIME_NAME.test(name) ? value / 1_000 : value;
    }),
  );
}

/** Maps of indefinite length are read too: the SDK for Java writes no other. */
export function decodeKinesisCbor(body: Buffer): object {
  const readTime: TagDecoder = (content) => Number(content());
  return decode(body, { tags: { [CBOR_EPOCH_TAG]: readTime } }) as object;
}

export function encodeKinesisCbor(output: object): Uint8Array {
  const tagged = rebuild(output, (name, value) =>
    typeof value === 'number' && TIME_NAME.test(name)
      ? new Tagged(CBOR_EPOCH_TAG, Math.round(value))
      : value,
  );
  return encode(tagged, { ignoreUndefinedProperties: true });
}

function openData(entry: Entry | null): void {
  if (typeof entry?.Data === 'string') entry.Data = Buffer.from(entry.Data, 'base64');
}

/** Times stand at the top, in `ShardFilter` and in `StartingPosition`. */
function openTimes(input: Record<string, unknown>): void {
  for (const name of TIMES_IN) {
    const seconds = input[name];
    if (typeof seconds === 'number') input[name] = Math.round(seconds * 1_000);
  }
  for (const name of ['ShardFilter', 'StartingPosition']) {
    const nested = input[name];
    if (typeof nested === 'object' && nested !== null) openTimes(nested as typeof input);
  }
}
