// Checksums that callers give and ask for. One that is given must be right; an object without one
// gets CRC64NVME, as the service does since all objects have a checksum.

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32c, crc64nvme, words } from './crc.ts';
import { invalidRequest, refusal } from './refusals.ts';

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256';

/** `COMPOSITE`: the checksum of the parts' checksums, with the number of parts behind a hyphen. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
  /** Base64, with `-N` behind it when composite. */
  readonly text: string;
}

/** The members of requests that name or give a checksum. */
export interface ChecksumInput {
  readonly ChecksumAlgorithm?: string | undefined;
  readonly ChecksumCRC32?: string | undefined;
  readonly ChecksumCRC32C?: string | undefined;
  readonly ChecksumCRC64NVME?: string | undefined;
  readonly ChecksumSHA1?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
  readonly ContentMD5?: string | undefined;
}

const DIGESTS: Readonly<Record<ChecksumAlgorithm, (bytes: Uint8Array) => Buffer>> = {
  CRC32: (bytes) => words(crc32(bytes)),
  CRC32C: crc32c,
  CRC64NVME: crc64nvme,
  SHA1: (bytes) => createHash('sha1').update(bytes).digest(),
  SHA256: (bytes) => createHash('sha256').update(bytes).digest(),
};
const ALGORITHMS = Object.keys(DIGESTS) as readonly ChecksumAlgorithm[];

/** The checksum of an algorithm over `bytes`, in base64. */
export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  return DIGESTS[algorithm](bytes).toString('base64');
}

/** Checks what the request gives of `bytes`, and returns the checksum that is kept with them. */
export function verifiedChecksum(
  input: ChecksumInput,
  bytes: Uint8Array,
  preferred?: ChecksumAlgorithm,
): Checksum {
  verifyMd5(input.ContentMD5, bytes);
  const given = givenChecksum(input);
  const algorithm =
    given?.algorithm ?? parseAlgorithm(input.ChecksumAlgorithm) ?? preferred ?? 'CRC64NVME';
  const text = checksumOf(algorithm, bytes);
  if (given === undefined || given.text === text) return { algorithm, type: 'FULL_OBJECT', text };
  if (Buffer.from(given.text, 'base64').length !== Buffer.from(text, 'base64').length) {
    throw invalidRequest(`Value for x-amz-checksum-${algorithm.toLowerCase()} header is invalid.`);
  }
  throw refusal(
    400,
    'BadDigest',
    `The ${algorithm} you specified did not match the calculated checksum.`,
  );
}

/** The one checksum that a request gives. */
export function givenChecksum(
  input: ChecksumInput,
): { readonly algorithm: ChecksumAlgorithm; readonly text: string } | undefined {
  const given = ALGORITHMS.flatMap((algorithm) => {
    const text = input[`Checksum${algorithm}`];
    return text === undefined ? [] : [{ algorithm, text }];
  });
  if (given.length <= 1) return given[0];
  throw invalidRequest(
    'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
  );
}

export function parseAlgorithm(name: string | undefined): ChecksumAlgorithm | undefined {
  if (name === undefined) return undefined;
  const algorithm = ALGORITHMS.find((known) => known === name.toUpperCase());
  if (algorithm !== undefined) return algorithm;
  throw invalidRequest(
    'Checksum algorithm provided is unsupported. Please try again with any of the valid types: ' +
      `[${ALGORITHMS.join(', ')}]`,
  );
}

/** The members of an answer that carry a checksum. */
export function checksumMembers({ algorithm, type, text }: Checksum): object {
  return { [`Checksum${algorithm}`]: text, ChecksumType: type };
}

/** The checksum of the parts' checksums. */
export function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly string[],
): Checksum {
  const bytes = Buffer.concat(parts.map((text) => Buffer.from(text, 'base64')));
  return { algorithm, type: 'COMPOSITE', text: `${checksumOf(algorithm, bytes)}-${parts.length}` };
}

/** MD5 of `bytes` in hex, as it stands in an ETag. */
export function md5Hex(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

function verifyMd5(given: string | undefined, bytes: Uint8Array): void {
  if (given === undefined) return;
  const expected = Buffer.from(given, 'base64');
  if (expected.length !== 16) {
    throw refusal(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.');
  }
  if (expected.toString('hex') === md5Hex(bytes)) return;
  throw refusal(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
}
