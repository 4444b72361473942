// Multipart uploads: parts arrive in any order and any number of times; completing names the ones
// that make the object, in ascending order.

import type { Bucket, Part, Upload } from './bucket.ts';
import type { Buckets } from './buckets.ts';
import {
  type Checksum,
  type ChecksumAlgorithm,
  type ChecksumInput,
  checksumMembers,
  checksumOf,
  compositeChecksum,
  givenChecksum,
  md5Hex,
  parseAlgorithm,
  verifiedChecksum,
} from './checksum.ts';
import { type ConditionInput, checkWriteConditions, matches } from './conditions.ts';
import { type CopySourceInput, findSource } from './copy-operations.ts';
import {
  checkKey,
  encryptionMembers,
  type HeaderInput,
  headersOf,
  parseTagging,
} from './object-headers.ts';
import { type ObjectInput, storeObject, versionMember } from './object-operations.ts';
import { requestedPart } from './object-range.ts';
import { invalidArgument, invalidRequest, malformedXml, refusal } from './refusals.ts';

interface UploadInput extends ObjectInput {
  readonly UploadId?: string;
}

export interface CreateUploadInput extends ObjectInput, HeaderInput {
  readonly ChecksumAlgorithm?: string;
  readonly ChecksumType?: string;
}

export interface UploadPartInput extends UploadInput, ChecksumInput {
  readonly PartNumber?: number;
  readonly Body?: Uint8Array;
}

export interface UploadPartCopyInput extends UploadInput, CopySourceInput {
  readonly PartNumber?: number;
  readonly CopySourceRange?: string;
}

interface CompletedPart extends ChecksumInput {
  readonly PartNumber?: number;
  readonly ETag?: string;
}

export interface CompleteInput extends UploadInput, ChecksumInput, ConditionInput {
  readonly MultipartUpload?: { readonly Parts?: readonly CompletedPart[] };
  readonly MpuObjectSize?: number;
}

export interface ListPartsInput extends UploadInput {
  readonly MaxParts?: number;
  readonly PartNumberMarker?: string | number;
}

/** "Multipart upload limits". */
const PART_NUMBER_MAX = 10_000;
const PART_BYTES_MIN = 5 * 1024 * 1024;
const PARTS_PER_PAGE_MAX = 1_000;

export function createMultipartUpload(
  buckets: Buckets,
  input: CreateUploadInput,
  nowMs: number,
): object {
  const bucket = buckets.get(input);
  const key = checkKey(input.Key);
  const algorithm = parseAlgorithm(input.ChecksumAlgorithm);
  const upload: Upload = {
    uploadId: buckets.nextId('upload'),
    key,
    initiatedAtMs: nowMs,
    algorithm,
    checksumType: parseChecksumType(input.ChecksumType, algorithm),
    headers: headersOf(input, bucket),
    tags: parseTagging(input.Tagging),
    parts: new Map(),
  };
  bucket.uploads.set(upload.uploadId, upload);
  return {
    Bucket: bucket.name,
    Key: key,
    UploadId: upload.uploadId,
    ...encryptionMembers(upload.headers),
    ...(algorithm === undefined
      ? {}
      : { ChecksumAlgorithm: algorithm, ChecksumType: upload.checksumType }),
  };
}

export function uploadPart(buckets: Buckets, input: UploadPartInput, nowMs: number): object {
  const { upload } = findUpload(buckets, input);
  assertAlgorithm(upload, givenChecksum(input)?.algorithm);
  const bytes = new Uint8Array(input.Body ?? []);
  const part = addPart(upload, input, { bytes, nowMs });
  return {
    ETag: part.etag,
    ...checksumMember(part.checksum),
    ...encryptionMembers(upload.headers),
  };
}

export function uploadPartCopy(
  buckets: Buckets,
  input: UploadPartCopyInput,
  nowMs: number,
): object {
  const { upload } = findUpload(buckets, input);
  const { source, sourceVersion } = findSource(buckets, input);
  const { CopySourceRange: Range } = input;
  const { start, end } = requestedPart(source, Range === undefined ? {} : { Range });
  const bytes = source.bytes.slice(start, end);
  const part = addPart(upload, { PartNumber: input.PartNumber ?? 0 }, { bytes, nowMs });
  return {
    CopyPartResult: {
      ETag: part.etag,
      LastModified: part.modifiedAtMs,
      ...checksumMember(part.checksum),
    },
    ...sourceVersion,
    ...encryptionMembers(upload.headers),
  };
}

export function completeMultipartUpload(
  buckets: Buckets,
  input: CompleteInput,
  nowMs: number,
): object {
  const { bucket, upload } = findUpload(buckets, input);
  const parts = chosenParts(upload, input.MultipartUpload?.Parts ?? []);
  checkWriteConditions(input, upload.key, bucket.current(upload.key));
  const bytes = new Uint8Array(Buffer.concat(parts.map((part) => part.bytes)));
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== bytes.byteLength) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${bytes.byteLength}`,
    );
  }
  const checksum = finalChecksum(upload, parts, bytes);
  checkFinalChecksum(input, checksum);
  const etags = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag.slice(1, -1), 'hex')));
  const stored = storeObject(
    buckets,
    bucket,
    {
      key: upload.key,
      bytes,
      etag: `"${md5Hex(etags)}-${parts.length}"`,
      checksum,
      partSizes: parts.map((part) => part.bytes.byteLength),
      headers: upload.headers,
      tags: upload.tags,
    },
    nowMs,
  );
  bucket.uploads.delete(upload.uploadId);
  return {
    Bucket: bucket.name,
    Key: upload.key,
    Location: `https://${bucket.name}.s3.${buckets.region}.amazonaws.com/${encodeURIComponent(upload.key)}`,
    ETag: stored.etag,
    ...checksumMembers(checksum),
    ...encryptionMembers(upload.headers),
    ...versionMember(bucket, stored),
  };
}

export function abortMultipartUpload(buckets: Buckets, input: UploadInput): object {
  const { bucket, upload } = findUpload(buckets, input);
  bucket.uploads.delete(upload.uploadId);
  return {};
}

export function listParts(buckets: Buckets, input: ListPartsInput): object {
  const { bucket, upload } = findUpload(buckets, input);
  const maxParts = Math.min(input.MaxParts ?? PARTS_PER_PAGE_MAX, PARTS_PER_PAGE_MAX);
  const marker = Number(input.PartNumberMarker ?? 0);
  const later = [...upload.parts.values()]
    .filter((part) => part.number > marker)
    .sort((one, other) => one.number - other.number);
  const page = later.slice(0, maxParts);
  return {
    Bucket: bucket.name,
    Key: upload.key,
    UploadId: upload.uploadId,
    PartNumberMarker: String(marker),
    MaxParts: maxParts,
    IsTruncated: later.length > page.length,
    ...(page.length === 0 ? {} : { NextPartNumberMarker: String(page.at(-1)!.number) }),
    Parts: page.map((part) => ({
      PartNumber: part.number,
      LastModified: part.modifiedAtMs,
      ETag: part.etag,
      Size: part.bytes.byteLength,
      ...checksumMember(part.checksum),
    })),
    StorageClass: upload.headers['StorageClass'] ?? 'STANDARD',
    ...(upload.algorithm === undefined
      ? {}
      : { ChecksumAlgorithm: upload.algorithm, ChecksumType: upload.checksumType }),
  };
}

export function listMultipartUploads(
  buckets: Buckets,
  input: { readonly Bucket?: string; readonly Prefix?: string },
): object {
  const bucket = buckets.get(input);
  const uploads = [...bucket.uploads.values()].filter(({ key }) =>
    key.startsWith(input.Prefix ?? ''),
  );
  return {
    Bucket: bucket.name,
    IsTruncated: false,
    ...(input.Prefix === undefined ? {} : { Prefix: input.Prefix }),
    Uploads: uploads.map(({ uploadId, key, initiatedAtMs }) => ({
      UploadId: uploadId,
      Key: key,
      Initiated: initiatedAtMs,
      StorageClass: 'STANDARD',
    })),
  };
}

function findUpload(
  buckets: Buckets,
  input: UploadInput,
): { readonly bucket: Bucket; readonly upload: Upload } {
  const bucket = buckets.get(input);
  const upload = bucket.uploads.get(input.UploadId ?? '');
  if (upload !== undefined && upload.key === input.Key) return { bucket, upload };
  throw refusal(
    404,
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: input.UploadId ?? '' },
  );
}

function addPart(
  upload: Upload,
  input: ChecksumInput & { readonly PartNumber?: number },
  { bytes, nowMs }: { readonly bytes: Uint8Array; readonly nowMs: number },
): Part {
  const number = input.PartNumber ?? 0;
  if (!Number.isInteger(number) || number < 1 || number > PART_NUMBER_MAX) {
    throw invalidArgument(
      `Part number must be an integer between 1 and ${PART_NUMBER_MAX}, inclusive`,
      'partNumber',
      number,
    );
  }
  const checksum = verifiedChecksum(input, bytes, upload.algorithm);
  const etag = `"${md5Hex(bytes)}"`;
  const part: Part = { number, bytes, etag, checksum, modifiedAtMs: nowMs };
  upload.parts.set(number, part);
  return part;
}

/** Only where the object has one checksum as a whole may its parts come without. */
function assertAlgorithm(
  { algorithm: expected, checksumType }: Upload,
  given: ChecksumAlgorithm | undefined,
): void {
  if (expected === undefined || expected === given) return;
  if (given === undefined && checksumType === 'FULL_OBJECT') return;
  throw invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()}, actual checksum Type: ${given?.toLowerCase() ?? 'null'}`,
  );
}

function chosenParts(upload: Upload, named: readonly CompletedPart[]): readonly Part[] {
  if (named.length === 0) throw malformedXml();
  let before = 0;
  const parts = named.map((completed) => {
    const number = completed.PartNumber ?? 0;
    if (number <= before) {
      throw refusal(
        400,
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
      );
    }
    before = number;
    return chosenPart(upload, completed);
  });
  for (const part of parts.slice(0, -1)) {
    if (part.bytes.byteLength >= PART_BYTES_MIN) continue;
    throw refusal(
      400,
      'EntityTooSmall',
      'Your proposed upload is smaller than the minimum allowed size',
      {
        ETag: part.etag,
        PartNumber: String(part.number),
        ProposedSize: String(part.bytes.byteLength),
        MinSizeAllowed: String(PART_BYTES_MIN),
      },
    );
  }
  return parts;
}

// The checksum of a part is named when the upload was created with an algorithm, and only then.
function chosenPart(upload: Upload, completed: CompletedPart): Part {
  const part = upload.parts.get(completed.PartNumber ?? 0);
  const given = givenChecksum(completed);
  if (given === undefined) assertNotMissing(upload, completed.PartNumber);
  const right =
    part !== undefined &&
    matches(completed.ETag ?? '', part.etag) &&
    (given === undefined ||
      (given.algorithm === upload.algorithm &&
        given.text === checksumOf(given.algorithm, part.bytes)));
  if (right) return part;
  throw refusal(
    400,
    'InvalidPart',
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { UploadId: upload.uploadId, PartNumber: String(completed.PartNumber ?? '') },
  );
}

function assertNotMissing({ algorithm, checksumType }: Upload, number = 0): void {
  if (algorithm === undefined || checksumType === 'FULL_OBJECT') return;
  throw invalidRequest(
    `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
  );
}

function finalChecksum(upload: Upload, parts: readonly Part[], bytes: Uint8Array): Checksum {
  const algorithm = upload.algorithm ?? 'CRC64NVME';
  if (upload.checksumType === 'FULL_OBJECT') {
    return { algorithm, type: 'FULL_OBJECT', text: checksumOf(algorithm, bytes) };
  }
  const texts = parts.map(({ checksum, bytes: own }) =>
    checksum.algorithm === algorithm ? checksum.text : checksumOf(algorithm, own),
  );
  return compositeChecksum(algorithm, texts);
}

function checkFinalChecksum(input: ChecksumInput, checksum: Checksum): void {
  const given = givenChecksum(input);
  if (given === undefined || given.algorithm !== checksum.algorithm) return;
  if (given.text === checksum.text || given.text === checksum.text.replace(/-\d+$/, '')) return;
  throw refusal(
    400,
    'BadDigest',
    `The ${checksum.algorithm} you specified did not match the calculated checksum.`,
  );
}

function parseChecksumType(
  type: string | undefined,
  algorithm: ChecksumAlgorithm | undefined,
): Checksum['type'] {
  const whole = algorithm === undefined || algorithm === 'CRC64NVME';
  const chosen = type ?? (whole ? 'FULL_OBJECT' : 'COMPOSITE');
  const possible =
    chosen === 'FULL_OBJECT' ? !algorithm?.startsWith('SHA') : chosen === 'COMPOSITE' && !whole;
  if (possible) return chosen as Checksum['type'];
  throw invalidRequest(
    `The ${chosen} checksum type cannot be used with the ${algorithm?.toLowerCase() ?? 'default'} checksum algorithm.`,
  );
}

function checksumMember({ algorithm, text }: Checksum): object {
  return { [`Checksum${algorithm}`]: text };
}
