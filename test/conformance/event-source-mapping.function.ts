// The function that the mapping's rules are tested with. It has no state: it writes down each of its
// invocations as an object of a bucket, and does what the records tell it. Zipped here without
// compression, since the code is a few lines.

import { crc32 } from 'node:zlib';

/** What a record's data says; `text` names the record. */
export interface Instruction {
  readonly text: string;
  /** Throw as long as this record was delivered first in a batch fewer times than this. */
  readonly failures?: number;
  /** Throw whenever this record is in the batch. */
  readonly poison?: boolean;
  /** Report this record as failed, on the first delivery of its batch only. */
  readonly report?: boolean;
  /** Stay busy this long, in milliseconds. */
  readonly busyMs?: number;
}

/** What the function writes down, once when it starts and once when it ends. */
export interface Note {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly shardId: string;
  readonly texts: readonly string[];
  readonly event: { readonly Records: readonly object[] };
}

const HANDLER = `
const endpoint = process.env.AWS_ENDPOINT_URL;
const bucket = process.env.BUCKET;
const send = async (path, init) => {
  const answer = await fetch(endpoint + '/' + bucket + path, init);
  if (!answer.ok) throw new Error('the bucket answered ' + answer.status);
  return answer.text();
};
exports.handler = async (event, context) => {
  const startedMs = Date.now();
  const records = event.Records.map(({ kinesis }) => ({
    number: kinesis.sequenceNumber,
    ...JSON.parse(Buffer.from(kinesis.data, 'base64').toString()),
  }));
  const shardId = event.Records[0].eventID.split(':')[0];
  const first = records[0];
  const prefix = 'notes/' + shardId + '/' + first.number + '/';
  const listed = await send('?list-type=2&prefix=' + encodeURIComponent(prefix), {});
  const earlier = listed.split('<Key>').length - 1;
  const busyMs = Math.max(0, ...records.map((record) => record.busyMs ?? 0));
  await new Promise((done) => setTimeout(done, busyMs));
  const texts = records.map((record) => record.text);
  const note = { startedMs, endedMs: Date.now(), shardId, texts, event };
  await send('/' + prefix + context.awsRequestId, { method: 'PUT', body: JSON.stringify(note) });
  if (earlier < (first.failures ?? 0) || records.some((record) => record.poison)) throw new Error('told to fail');
  const reported = earlier === 0 ? records.filter((record) => record.report) : [];
  return { batchItemFailures: reported.map(({ number }) => ({ itemIdentifier: number })) };
};
`;

/** The function as an archive for CreateFunction. */
export function zippedHandler(): Uint8Array {
  const name = Buffer.from('index.js');
  const data = Buffer.from(HANDLER);
  const described = Buffer.alloc(26);
  described.writeUInt16LE(20, 0); // version needed to extract
  described.writeUInt32LE(crc32(data), 10);
  described.writeUInt32LE(data.length, 14);
  described.writeUInt32LE(data.length, 18);
  described.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), described, name, data]);
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02'),
    Buffer.from([20, 3]), // made by version 2.0 on Unix
    described,
    Buffer.alloc(6), // no comment, first disk, no internal attributes
    Buffer.from([0, 0, 0xa4, 0x81]), // a regular file that all may read
    Buffer.alloc(4), // the local header is at the beginning
    name,
  ]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
