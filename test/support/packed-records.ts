import { createHash } from 'node:crypto';

const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);

/** Packs records as the Kinesis Producer Library does: magic, protocol buffer, MD5 of the latter. */
export function aggregateOf(
  records: readonly { readonly partitionKey: string; readonly data: Uint8Array }[],
): Buffer {
  const keys = [...new Set(records.map(({ partitionKey }) => partitionKey))];
  const body = Buffer.concat([
    ...keys.map((key) => lengthDelimited(1, Buffer.from(key, 'utf8'))),
    ...records.map(({ partitionKey, data }) =>
      lengthDelimited(
        3,
        Buffer.concat([
          Buffer.from([0x08]),
          varint(keys.indexOf(partitionKey)),
          lengthDelimited(3, data),
        ]),
      ),
    ),
  ]);
  return Buffer.concat([MAGIC, body, createHash('md5').update(body).digest()]);
}

const lengthDelimited = (field: number, bytes: Uint8Array) =>
  Buffer.concat([Buffer.from([(field << 3) | 2]), varint(bytes.length), bytes]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}
