// Unpacks the archive that `CreateFunction` carries. Only what archives of functions are made of:
// stored or deflated files, no encryption, no zip64.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { ServiceError } from '../../lib/cloud/service.ts';

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;
/** Lambda's own limit for unpacked code. */
const UNPACKED_BYTES_MAX = 250 * 1024 * 1024;

/** @throws ServiceError `InvalidParameterValueException` when the bytes are no such archive */
export function unpackZip(archive: Buffer, directory: string): void {
  let unpackedBytes = 0;
  for (const { name, content } of entriesOf(archive)) {
    // A name that leads out of the folder is an attack, not a file.
    if (name.startsWith('/') || name.split('/').includes('..')) throw invalid(`the name ${name}`);
    unpackedBytes += content.length;
    if (unpackedBytes > UNPACKED_BYTES_MAX) throw invalid('more than 250 MB');
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

function* entriesOf(archive: Buffer): Generator<{ name: string; content: Buffer }> {
  let end = archive.length - 22;
  while (end >= 0 && archive.readUInt32LE(end) !== END_SIGNATURE) end -= 1;
  if (end < 0) throw invalid('no end of central directory');
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== ENTRY_SIGNATURE) {
      throw invalid('a broken central directory');
    }
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    if (!name.endsWith('/')) yield { name, content: contentOf(archive, at) };
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
}

function contentOf(archive: Buffer, at: number): Buffer {
  const method = archive.readUInt16LE(at + 10);
  const length = archive.readUInt32LE(at + 20);
  const local = archive.readUInt32LE(at + 42);
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const packed = archive.subarray(start, start + length);
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw invalid(`compression method ${method}`);
  try {
    return inflateRawSync(packed, { maxOutputLength: UNPACKED_BYTES_MAX });
  } catch {
    throw invalid('a file that cannot be inflated');
  }
}

function invalid(reason: string): ServiceError {
  return new ServiceError(
    'InvalidParameterValueException',
    `Could not unzip uploaded file: it has ${reason}. Please check your file, then try to upload again.`,
  );
}
