// Damage to bytes. What flips bits and what lies about lengths finds other faults than what keeps
// an input looking valid, so that each kind is as likely as the others, and up to four are stacked.

import type { Random } from './random.ts';

/** Makes a damaged input of one of the seeds. */
export type Mutate = (seeds: readonly Uint8Array[], random: Random) => Uint8Array;

type Edit = (bytes: Buffer, random: Random, seeds: readonly Uint8Array[]) => Buffer;

const EDITS_MAX = 4;
const SLICE_BYTES_MAX = 64;
const GROWN_BYTES_MAX = 1 << 20;

/** Whole numbers that lie: the longest varints, one more than 32 and 53 bits, bounds of bytes and words. */
const HUGE = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0x00, 0x00, 0x00, 0x80],
  [0x80, 0x80, 0x80, 0x80, 0x10],
  [0xff, 0xff, 0x03],
  [0x80],
  [0x7f],
  [0x00],
] as const;

/** `1` to `4` edits of any kind. */
export const mutateBytes: Mutate = (seeds, random) => {
  let bytes: Buffer = Buffer.from(random.pick(seeds));
  for (let edits = 1 + random.below(EDITS_MAX); edits > 0; edits -= 1) {
    bytes = random.pick(EDITS)(bytes, random, seeds);
  }
  return bytes.length > GROWN_BYTES_MAX ? bytes.subarray(0, GROWN_BYTES_MAX) : bytes;
};

const flipBit: Edit = (bytes, random) => {
  if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  return bytes;
};

const setByte: Edit = (bytes, random) => {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
};

/** Another digit where there was one: the input stays as well formed as it was. */
const changeDigit: Edit = (bytes, random) => {
  const start = random.below(bytes.length + 1);
  for (let step = 0; step < bytes.length; step += 1) {
    const at = (start + step) % bytes.length;
    if (bytes[at]! < 0x30 || bytes[at]! > 0x39) continue;
    bytes[at] = 0x30 + random.below(10);
    break;
  }
  return bytes;
};

const cut: Edit = (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1));

const insert: Edit = (bytes, random) => {
  const inserted = Buffer.from(
    Array.from({ length: 1 + random.below(8) }, () => random.below(256)),
  );
  return splice(bytes, { start: random.below(bytes.length + 1), removed: 0, inserted });
};

const duplicateSlice: Edit = (bytes, random) => {
  const { start, end } = sliceOf(bytes, random);
  const inserted = bytes.subarray(start, end);
  return splice(bytes, { start: random.below(bytes.length + 1), removed: 0, inserted });
};

const removeSlice: Edit = (bytes, random) => {
  const { start, end } = sliceOf(bytes, random);
  return splice(bytes, { start, removed: end - start, inserted: Buffer.alloc(0) });
};

/** Two neighbouring sections change places. */
const swapSections: Edit = (bytes, random) => {
  const [start, middle, end] = [0, 1, 2]
    .map(() => random.below(bytes.length + 1))
    .sort((left, right) => left - right) as [number, number, number];
  return Buffer.concat([
    bytes.subarray(0, start),
    bytes.subarray(middle, end),
    bytes.subarray(start, middle),
    bytes.subarray(end),
  ]);
};

const writeHuge: Edit = (bytes, random) => {
  const inserted = Buffer.from(random.pick(HUGE));
  const removed = random.pick([0, 1, inserted.length]);
  return splice(bytes, { start: random.below(bytes.length + 1), removed, inserted });
};

/** The head of this input and the tail of another. */
const cross: Edit = (bytes, random, seeds) => {
  const other = random.pick(seeds);
  return Buffer.concat([
    bytes.subarray(0, random.below(bytes.length + 1)),
    other.subarray(random.below(other.length + 1)),
  ]);
};

const randomBytes: Edit = (bytes, random) => {
  const { start, end } = sliceOf(bytes, random);
  for (let at = start; at < end; at += 1) bytes[at] = random.below(256);
  return bytes;
};

const EDITS: readonly Edit[] = [
  flipBit,
  setByte,
  changeDigit,
  cut,
  insert,
  duplicateSlice,
  removeSlice,
  swapSections,
  writeHuge,
  cross,
  randomBytes,
];

function sliceOf(bytes: Buffer, random: Random) {
  const start = random.below(bytes.length + 1);
  const length = random.below(Math.min(SLICE_BYTES_MAX, bytes.length - start) + 1);
  return { start, end: start + length };
}

function splice(
  bytes: Buffer,
  at: { readonly start: number; readonly removed: number; readonly inserted: Uint8Array },
): Buffer {
  const rest = bytes.subarray(Math.min(bytes.length, at.start + at.removed));
  return Buffer.concat([bytes.subarray(0, at.start), at.inserted, rest]);
}
