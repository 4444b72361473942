import { createHash } from 'node:crypto';

/** A user record to be packed. */
export interface UserRecord {
  readonly partitionKey: string;
  readonly explicitHashKey?: string;
  readonly data: Uint8Array | string;
}

export const KPL_MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);

/** Packs records into the bytes of one Kinesis record, as the Kinesis Producer Library does. */
export function encodeAggregate(records: readonly UserRecord[]): Buffer {
  const partitionKeys = unique(records.map(({ partitionKey }) => partitionKey));
  const explicitHashKeys = unique(records.flatMap(({ explicitHashKey }) => explicitHashKey ?? []));
  return sealMessage(
    Buffer.concat([
      ...partitionKeys.map((key) => bytesField(1, Buffer.from(key))),
      ...explicitHashKeys.map((key) => bytesField(2, Buffer.from(key))),
      ...records.map(({ partitionKey, explicitHashKey, data }) =>
        bytesField(
          3,
          Buffer.concat([
            varintField(1, partitionKeys.indexOf(partitionKey)),
            explicitHashKey === undefined
              ? Buffer.alloc(0)
              : varintField(2, explicitHashKeys.indexOf(explicitHashKey)),
            bytesField(3, Buffer.from(data)),
          ]),
        ),
      ),
    ]),
  );
}

/** Puts the magic before a message and its checksum behind it, whatever the message is. */
export function sealMessage(message: Uint8Array): Buffer {
  const checksum = createHash('md5').update(message).digest();
  return Buffer.concat([KPL_MAGIC, message, checksum]);
}

/** A length-delimited protobuf field. */
export function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** A varint protobuf field. */
export function varintField(number: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

/** A protobuf varint of up to 64 bits; negative values as their two's complement. */
export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

const unique = (texts: readonly string[]) => [...new Set(texts)];
