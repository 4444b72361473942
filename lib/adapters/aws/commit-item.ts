// A commit as a DynamoDB item. The header is plain attributes with short names, so that an empty
// batch stays inside one write unit; all of it is readable in the console.
//
//   pk   S  log            sk   N  slot             n    N  batch number      v    N  format version
//   id   S  commit id      prev S  its predecessor  r    N  ring size         base N  base
//   inc  S  incarnation    plan S  plan hash        code S  code hash         ep   N  deploy epoch
//   pos  M  source/shard → S "sequence:sub"         from S  first position    t    N  batch time, ms
//   arr  L  first and last arrival, ms              wm   N  watermark, ms     fl   S  floors as JSON
//   cnt  L  in, duplicate, dead, late, filtered, applied, lateRows            dig  S  input digest
//   snap S  "batch:fold"   gap  S  JSON             body B  inline | ref S  JSON of the spilled object

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type {
  AttemptNote,
  Commit,
  CommitHeader,
  Counts,
  ObjectReference,
  Pointer,
} from '../../model/commit.ts';
import { EngineError } from '../../model/errors.ts';
import {
  asArrivalTimeMs,
  asBatchNumber,
  asBatchTimeMs,
  asCommitId,
  asLogId,
  asSequenceNumber,
} from '../../model/ids.ts';
import type { Position } from '../../model/record.ts';

export type Item = Record<string, AttributeValue>;

const COUNT_FIELDS = [
  'in',
  'duplicate',
  'dead',
  'late',
  'filtered',
  'applied',
  'lateRows',
] as const satisfies readonly (keyof Counts)[];

export function encodeCommitItem({ header, body }: Commit): Item {
  const { arrival, firstPosition, previousCommitId, snapshot, watermarkMs } = header;
  return {
    pk: { S: header.log },
    sk: number(header.batchNumber % header.ringSize),
    n: number(header.batchNumber),
    v: number(header.formatVersion),
    id: { S: header.commitId },
    ...(previousCommitId === null ? {} : { prev: { S: previousCommitId } }),
    r: number(header.ringSize),
    base: number(header.base),
    inc: { S: header.incarnation },
    plan: { S: header.planHash },
    code: { S: header.codeHash },
    ep: number(header.deployEpoch),
    pos: {
      M: Object.fromEntries(
        Object.entries(header.positions).map(([key, at]) => [key, { S: encodePosition(at) }]),
      ),
    },
    ...(firstPosition === null ? {} : { from: { S: encodePosition(firstPosition) } }),
    t: number(header.batchTimeMs),
    ...(arrival === null ? {} : { arr: { L: [number(arrival.firstMs), number(arrival.lastMs)] } }),
    ...(watermarkMs === null ? {} : { wm: number(watermarkMs) }),
    fl: { S: JSON.stringify(header.floors.map(Object.values)) },
    cnt: { L: COUNT_FIELDS.map((field) => number(header.counts[field])) },
    dig: { S: header.inputDigest },
    ...(snapshot === null ? {} : { snap: { S: `${snapshot.batchNumber}:${snapshot.fold}` } }),
    ...(header.gap === null ? {} : { gap: { S: JSON.stringify(header.gap) } }),
    ...(body.kind === 'inline'
      ? { body: { B: body.bytes } }
      : { ref: { S: JSON.stringify(body.object) } }),
  };
}

export function decodeCommitItem(item: Item): Commit {
  try {
    return { header: decodeHeader(item), body: decodeBody(item) };
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw new EngineError('data', 'a slot of the commit log does not hold a commit', { cause });
  }
}

/** The pointer's part of the item at `sk = -1`. */
export function decodePointer(item: Item): Pointer | null {
  return item['ptr']?.S === undefined ? null : (JSON.parse(item['ptr'].S) as Pointer);
}

export function decodeAttempt(item: Item): AttemptNote | null {
  return item['att']?.S === undefined ? null : (JSON.parse(item['att'].S) as AttemptNote);
}

export const number = (value: number): AttributeValue => ({ N: String(value) });

function decodeHeader(item: Item): CommitHeader {
  const counts = list(item, 'cnt').map((entry) => Number(entry.N));
  const snapshot = item['snap']?.S?.split(':');
  const arrival = item['arr']?.L;
  return {
    formatVersion: numeric(item, 'v'),
    log: asLogId(text(item, 'pk')),
    planHash: text(item, 'plan'),
    codeHash: text(item, 'code'),
    deployEpoch: numeric(item, 'ep'),
    commitId: asCommitId(text(item, 'id')),
    previousCommitId: item['prev'] === undefined ? null : asCommitId(text(item, 'prev')),
    batchNumber: asBatchNumber(numeric(item, 'n')),
    ringSize: numeric(item, 'r'),
    base: numeric(item, 'base'),
    incarnation: text(item, 'inc'),
    positions: Object.fromEntries(
      Object.entries(item['pos']?.M ?? {}).map(([key, at]) => [key, decodePosition(at.S ?? '')]),
    ),
    firstPosition: item['from'] === undefined ? null : decodePosition(text(item, 'from')),
    arrival:
      arrival === undefined
        ? null
        : {
            firstMs: asArrivalTimeMs(Number(arrival[0]?.N)),
            lastMs: asArrivalTimeMs(Number(arrival[1]?.N)),
          },
    batchTimeMs: asBatchTimeMs(numeric(item, 't')),
    watermarkMs: item['wm'] === undefined ? null : numeric(item, 'wm'),
    floors: (JSON.parse(text(item, 'fl')) as [number, number, number | null][]).map(
      ([firstKeyGroup, lastKeyGroup, watermarkMs]) => ({
        firstKeyGroup,
        lastKeyGroup,
        watermarkMs,
      }),
    ),
    counts: Object.fromEntries(
      COUNT_FIELDS.map((field, index) => [field, counts[index] ?? 0]),
    ) as unknown as Counts,
    inputDigest: text(item, 'dig'),
    snapshot:
      snapshot === undefined
        ? null
        : {
            batchNumber: asBatchNumber(Number(snapshot[0])),
            fold: asCommitId(snapshot[1] ?? ''),
          },
    gap: item['gap'] === undefined ? null : JSON.parse(text(item, 'gap')),
  };
}

function decodeBody(item: Item): Commit['body'] {
  const bytes = item['body']?.B;
  if (bytes !== undefined) return { kind: 'inline', bytes };
  return { kind: 'spilled', object: JSON.parse(text(item, 'ref')) as ObjectReference };
}

const encodePosition = ({ sequenceNumber, subSequenceNumber }: Position) =>
  `${sequenceNumber}:${subSequenceNumber}`;

function decodePosition(position: string): Position {
  const [sequenceNumber = '', sub] = position.split(':');
  return {
    sequenceNumber: asSequenceNumber(sequenceNumber),
    subSequenceNumber: Number(sub),
  };
}

function text(item: Item, name: string): string {
  const value = item[name]?.S;
  if (value === undefined) throw missing(name);
  return value;
}

function numeric(item: Item, name: string): number {
  const value = item[name]?.N;
  if (value === undefined) throw missing(name);
  return Number(value);
}

function list(item: Item, name: string): AttributeValue[] {
  const value = item[name]?.L;
  if (value === undefined) throw missing(name);
  return value;
}

const missing = (name: string) =>
  new EngineError('data', `a slot of the commit log lacks attribute ${name}`);
