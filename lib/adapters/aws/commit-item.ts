// A commit as a DynamoDB item. The header is plain attributes with short names, so that an empty
// batch stays inside one write unit; all of it is readable in the console.
//
//   pk   S  log            sk   N  slot             n    N  batch number      v    N  format version
//   id   S  commit id      prev S  its predecessor  r    N  ring size         base N  base
//   inc  S  incarnation    plan S  plan hash        code S  code hash         ep   N  deploy epoch
//   pos  M  source/shard → S "sequence:sub", behind it ":arrival in ms" where shards share the log
//   from S  first position                          t    N  batch time, ms
//   arr  L  first and last arrival, ms              wm   N  watermark, ms     fl   S  floors as JSON
//   cnt  L  in, duplicate, dead, late, filtered, applied, lateRows            dig  S  input digest
//   tab  M  uid → S version of a static table; absent where there is none
//   snap S  "batch:fold"   gap  S  JSON             body B  inline | ref S  JSON of the spilled object

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type {
  AttemptNote,
  Commit,
  CommitHeader,
  Counts,
  Pointer,
  SnapshotPointer,
  WatermarkFloor,
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
import type { ArrivalRange, CommittedPosition, Position } from '../../model/record.ts';
import {
  isStoredNote,
  isStoredPointer,
  isStoredReference,
  wrongHeaderField,
} from '../../model/stored.ts';

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
        Object.entries(header.positions).map(([key, at]) => [key, { S: encodeCommitted(at) }]),
      ),
    },
    ...(firstPosition === null ? {} : { from: { S: encodePosition(firstPosition) } }),
    t: number(header.batchTimeMs),
    ...(arrival === null ? {} : { arr: { L: [number(arrival.firstMs), number(arrival.lastMs)] } }),
    ...(watermarkMs === null ? {} : { wm: number(watermarkMs) }),
    fl: { S: JSON.stringify(header.floors.map(Object.values)) },
    cnt: { L: COUNT_FIELDS.map((field) => number(header.counts[field])) },
    dig: { S: header.inputDigest },
    ...(header.tables === undefined ? {} : { tab: { M: textsAsItem(header.tables) } }),
    ...(snapshot === null ? {} : { snap: { S: `${snapshot.batchNumber}:${snapshot.fold}` } }),
    ...(header.gap === null ? {} : { gap: { S: JSON.stringify(header.gap) } }),
    ...(body.kind === 'inline'
      ? { body: { B: body.bytes } }
      : { ref: { S: JSON.stringify(body.object) } }),
  };
}

export function decodeCommitItem(item: Item): Commit {
  try {
    const header = decodeHeader(item);
    const wrong = wrongHeaderField(header);
    if (wrong !== null) throw broken(`is not a commit's: ${wrong}`);
    const slot = numeric(item, 'sk');
    if (slot !== header.batchNumber % header.ringSize) {
      throw broken(`is not of its slot: batch ${header.batchNumber} stands in slot ${slot}`);
    }
    return { header, body: decodeBody(item) };
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw new EngineError('data', 'a slot of the commit log does not hold a commit', { cause });
  }
}

/** The pointer's part of the item at `sk = -1`. */
export function decodePointer(item: Item): Pointer | null {
  return decodeJson(item, 'ptr', isStoredPointer);
}

export function decodeAttempt(item: Item): AttemptNote | null {
  return decodeJson(item, 'att', isStoredNote);
}

function decodeJson<Value>(
  item: Item,
  name: string,
  isStored: (value: unknown) => value is Value,
): Value | null {
  if (item[name] === undefined) return null;
  const value = parseJson(text(item, name), name);
  if (isStored(value)) return value;
  throw broken(`is not what it should be: ${name}`);
}

function parseJson(json: string, name: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw broken(`is not JSON: ${name}`, cause);
  }
}

export const number = (value: number): AttributeValue => ({ N: String(value) });

function decodeHeader(item: Item): CommitHeader {
  const counts = list(item, 'cnt').map((entry) => Number(entry.N));
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
      Object.entries(map(item, 'pos')).map(([key, at]) => [key, decodeCommitted(at.S ?? '')]),
    ),
    firstPosition: item['from'] === undefined ? null : decodePosition(text(item, 'from')),
    arrival: item['arr'] === undefined ? null : decodeArrival(list(item, 'arr')),
    batchTimeMs: asBatchTimeMs(numeric(item, 't')),
    watermarkMs: item['wm'] === undefined ? null : numeric(item, 'wm'),
    floors: decodeFloors(text(item, 'fl')),
    counts: Object.fromEntries(
      COUNT_FIELDS.map((field, index) => [field, counts[index]]),
    ) as unknown as Counts,
    inputDigest: text(item, 'dig'),
    ...(item['tab'] === undefined ? {} : { tables: textsOf(map(item, 'tab')) }),
    snapshot: item['snap'] === undefined ? null : decodeSnapshot(text(item, 'snap')),
    gap: item['gap'] === undefined ? null : JSON.parse(text(item, 'gap')),
  };
}

const textsAsItem = (texts: Readonly<Record<string, string>>): Item =>
  Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, { S: value }]));

const textsOf = (item: Item) =>
  Object.fromEntries(Object.keys(item).map((name) => [name, text(item, name)]));

function decodeArrival([first, last]: readonly AttributeValue[]): ArrivalRange {
  return {
    firstMs: asArrivalTimeMs(Number(first?.N)),
    lastMs: asArrivalTimeMs(Number(last?.N)),
  };
}

function decodeFloors(json: string): readonly WatermarkFloor[] {
  return (JSON.parse(json) as [number, number, number | null][]).map(
    ([firstKeyGroup, lastKeyGroup, watermarkMs]) => ({ firstKeyGroup, lastKeyGroup, watermarkMs }),
  );
}

function decodeSnapshot(pointer: string): SnapshotPointer {
  const [batchNumber, fold = ''] = pointer.split(':');
  return { batchNumber: asBatchNumber(Number(batchNumber)), fold: asCommitId(fold) };
}

function decodeBody(item: Item): Commit['body'] {
  const bytes = item['body']?.B;
  if (bytes instanceof Uint8Array) return { kind: 'inline', bytes };
  const object = parseJson(text(item, 'ref'), 'ref');
  if (!isStoredReference(object)) throw broken('is not a reference: ref');
  return { kind: 'spilled', object };
}

const encodePosition = ({ sequenceNumber, subSequenceNumber }: Position) =>
  `${sequenceNumber}:${subSequenceNumber}`;

const encodeCommitted = ({ arrivedAtMs, ...position }: CommittedPosition) =>
  arrivedAtMs === undefined
    ? encodePosition(position)
    : `${encodePosition(position)}:${arrivedAtMs}`;

function decodeCommitted(position: string): CommittedPosition {
  const [, , arrivedAtMs] = position.split(':');
  return {
    ...decodePosition(position),
    ...(arrivedAtMs === undefined ? {} : { arrivedAtMs: asArrivalTimeMs(Number(arrivedAtMs)) }),
  };
}

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

function map(item: Item, name: string): Record<string, AttributeValue> {
  const value = item[name]?.M;
  if (value === undefined) throw missing(name);
  return value;
}

const missing = (name: string) =>
  new EngineError('data', `a slot of the commit log lacks attribute ${name}`);

const broken = (what: string, cause?: unknown) =>
  new EngineError('data', `an attribute of a log's item ${what}`, { cause });
