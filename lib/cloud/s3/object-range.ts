// The part of an object that a read asks for, by a byte range or by the number of an uploaded part.

import type { StoredObject } from './bucket.ts';
import { invalidRequest, refusal } from './refusals.ts';

/** Bytes `start` up to, not including, `end`, and the members of the answer that tell it. */
export interface RequestedPart {
  readonly start: number;
  readonly end: number;
  readonly members: object;
}

export function requestedPart(
  object: StoredObject,
  { Range, PartNumber }: { readonly Range?: string; readonly PartNumber?: number },
): RequestedPart {
  const size = object.bytes.byteLength;
  if (PartNumber !== undefined) {
    if (Range === undefined) return numberedPart(object, PartNumber);
    throw invalidRequest('Cannot specify both Range header and partNumber query parameter');
  }
  const range = Range === undefined ? undefined : parseRange(Range, size);
  if (range === undefined) return { start: 0, end: size, members: { ContentLength: size } };
  if (range.start >= range.end) {
    throw refusal(416, 'InvalidRange', 'The requested range is not satisfiable', {
      ActualObjectSize: String(size),
      RangeRequested: Range,
    });
  }
  return partOf(range.start, range.end, size);
}

function numberedPart({ bytes, partSizes }: StoredObject, partNumber: number): RequestedPart {
  const sizes = partSizes.length === 0 ? [bytes.byteLength] : partSizes;
  const length = sizes[partNumber - 1];
  if (length === undefined) {
    throw refusal(416, 'InvalidPartNumber', 'The requested partnumber is not satisfiable', {
      ActualPartCount: String(sizes.length),
      PartNumberRequested: String(partNumber),
    });
  }
  const start = sizes.slice(0, partNumber - 1).reduce((sum, size) => sum + size, 0);
  const part = partOf(start, start + length, bytes.byteLength);
  const count = partSizes.length === 0 ? {} : { PartsCount: sizes.length };
  return { ...part, members: { ...part.members, ...count } };
}

function partOf(start: number, end: number, size: number): RequestedPart {
  const contentRange = { ContentRange: `bytes ${start}-${end - 1}/${size}` };
  return {
    start,
    end,
    members: { ContentLength: end - start, ...(start < end ? contentRange : {}) },
  };
}

// One range is served; anything else is not a range and the whole object is the answer.
function parseRange(
  header: string,
  size: number,
): { readonly start: number; readonly end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (match === null) return undefined;
  const [, first, last] = match;
  if (first === '' && last === '') return undefined;
  if (first === '') return { start: Math.max(0, size - Number(last)), end: size };
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return {
    start: Number(first),
    end: last === '' ? size : Math.min(size, Number(last) + 1),
  };
}
