// What comes out of stored JSON or attributes has the type that the code says only once it was looked
// at: a number that is none, a range that never ends or a name that is missing would be found far from
// here, or never. Each check says which part is wrong; who reads the artefact knows what to do then.

import type {
  AttemptNote,
  CheckpointReference,
  CommitHeader,
  Counts,
  Gap,
  ObjectReference,
  OutputTarget,
  Pointer,
  WatermarkFloor,
} from './commit.ts';
import { KEY_GROUP_COUNT } from './hash-range.ts';
import type { ArrivalRange, Position } from './record.ts';

type Check = (value: unknown) => boolean;
/** A check for every field of a type; a field that is new does not compile without one. */
type Checks<Type> = Readonly<Record<keyof Type, Check>>;

/** Kinesis numbers have up to 129 digits ("SequenceNumber" of the API reference). */
const SEQUENCE_NUMBER = /^\d{1,129}$/;

const isText: Check = (value) => typeof value === 'string';
const isName: Check = (value) => typeof value === 'string' && value !== '';
const isWhole: Check = (value) => Number.isSafeInteger(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isNumbering: Check = (value) => isCount(value) && value !== 0;
const isKeyGroup: Check = (value) => isCount(value) && (value as number) < KEY_GROUP_COUNT;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const all =
  <Type>(checks: Checks<Type>): Check =>
  (value) =>
    isObject(value) && wrongField(value, checks) === null;

const isPosition = all<Position>({
  sequenceNumber: (value) => typeof value === 'string' && SEQUENCE_NUMBER.test(value),
  subSequenceNumber: isCount,
});
const isCommittedPosition: Check = (value) =>
  isPosition(value) && (!hasField(value, 'arrivedAtMs') || isWhole(value.arrivedAtMs));
const isTexts: Check = (value) => isObject(value) && Object.values(value).every(isText);
const isReference = all<ObjectReference>({ key: isName, byteLength: isCount, sha256: isName });
const isFloor: Check = (value) =>
  all<WatermarkFloor>({
    firstKeyGroup: isKeyGroup,
    lastKeyGroup: isKeyGroup,
    watermarkMs: orNull(isWhole),
  })(value) && (value as WatermarkFloor).firstKeyGroup <= (value as WatermarkFloor).lastKeyGroup;

/** What every header has; see `wrongHeaderField` for the part that it may have. */
const HEADER: Checks<Omit<CommitHeader, 'tables'>> = {
  formatVersion: isCount,
  log: isName,
  planHash: isText,
  codeHash: isText,
  deployEpoch: isCount,
  commitId: isName,
  previousCommitId: orNull(isName),
  batchNumber: isNumbering,
  ringSize: isNumbering,
  base: isCount,
  incarnation: isText,
  positions: (value) => isObject(value) && Object.values(value).every(isCommittedPosition),
  firstPosition: orNull(isPosition),
  arrival: orNull(all<ArrivalRange>({ firstMs: isWhole, lastMs: isWhole })),
  batchTimeMs: isWhole,
  watermarkMs: orNull(isWhole),
  floors: listOf(isFloor),
  counts: all<Counts>({
    in: isCount,
    duplicate: isCount,
    dead: isCount,
    late: isCount,
    filtered: isCount,
    applied: isCount,
    lateRows: isCount,
  }),
  inputDigest: isText,
  snapshot: orNull(all({ batchNumber: isNumbering, fold: isName })),
  gap: orNull(
    all<Gap>({
      kind: (value) => value === 'lost' || value === 'unprovable',
      after: orNull(isPosition),
      before: isPosition,
    }),
  ),
};

const isCheckpoint = all<CheckpointReference>({
  batchNumber: isNumbering,
  commitId: isName,
  fold: isName,
  manifest: isReference,
});

/** The first field that is not what a commit's header says; `null` when all are. */
export function wrongHeaderField(value: unknown): string | null {
  const hasWrongTables = hasField(value, 'tables') && !isTexts(value.tables);
  return wrongPart(value, HEADER) ?? (hasWrongTables ? 'tables' : null);
}

export const isStoredReference = (value: unknown): value is ObjectReference => isReference(value);

/** A reference to a segment: an object and the key groups that it holds. */
export const isStoredSegment: Check = (value) =>
  isReference(value) && all({ firstKeyGroup: isKeyGroup, lastKeyGroup: isKeyGroup })(value);

export const isStoredPointer = (value: unknown): value is Pointer =>
  all<Pointer>({ newest: isCheckpoint, previous: orNull(isCheckpoint) })(value);

export const isStoredNote = (value: unknown): value is AttemptNote =>
  all<AttemptNote>({
    head: isCount,
    first: isText,
    attempts: isCount,
    pending: orNull(isCount),
  })(value);

/** An entry of the outbox but for its payload. What kinds of targets there are is the publisher's to say. */
export const isStoredOutput: Check = (value) =>
  all({ sinkUid: isName, role: isName, target: isTarget, rowCount: isCount })(value);

const isTarget = (value: unknown): value is OutputTarget =>
  isTexts(value) && isName((value as Record<string, unknown>)['kind']);

function wrongPart<Type>(value: unknown, checks: Checks<Type>): string | null {
  return isObject(value) ? wrongField(value, checks) : 'the whole of it';
}

function wrongField<Type>(value: object, checks: Checks<Type>): string | null {
  for (const name of Object.keys(checks)) {
    const isOwn = Object.hasOwn(value, name);
    const isRight = isOwn && checks[name as keyof Type]((value as Record<string, unknown>)[name]);
    if (!isRight) return name;
  }
  return null;
}

function hasField<Name extends string>(value: unknown, name: Name): value is Record<Name, unknown> {
  return isObject(value) && Object.hasOwn(value, name);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
