// What makes the cloud survive its own death: every change is appended before it is answered. A frame
// is its length, the CRC-32 of its payload, the CRC-32 of these two, and the payload in V8's
// serialisation, which keeps bytes and maps as they are. The write is synchronous but not forced to the disk: the promise is about the
// process, and what the kernel has taken outlives it.

import { closeSync, ftruncateSync, openSync, readSync, writevSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import { Refused } from './refused.ts';

const HEADER_BYTES = 12;

export interface Journal {
  /** Bytes of whole frames. */
  readonly byteLength: number;
  /** Returns once the kernel has the entry; throws when it has not, and then for ever. */
  append(entry: unknown): void;
  close(): void;
}

/**
 * Opens or creates a journal, hands every whole entry to `replay` in order and cuts a torn tail.
 *
 * @throws Refused when bytes before the tail are damaged
 */
export function openJournal(path: string, replay: (entry: unknown) => void): Journal {
  const file = openSync(path, 'a+', 0o600);
  let byteLength = 0;
  try {
    byteLength = replayFrames(file, { path, replay });
    ftruncateSync(file, byteLength);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  let broken = false;
  return {
    get byteLength() {
      return byteLength;
    },
    append(entry) {
      if (broken) throw new Error(`the journal ${path} could not be written`);
      const payload = serialize(entry);
      const header = headerOf(payload);
      // Set first: whatever is thrown, a frame may be half there and nothing may follow it.
      broken = true;
      const written = writevSync(file, [header, payload]);
      if (written !== HEADER_BYTES + payload.length) throw new Error(`${path}: short write`);
      broken = false;
      byteLength += written;
    },
    close: () => closeSync(file),
  };
}

function headerOf(payload: Buffer): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(payload.length, 0);
  header.writeUInt32LE(crc32(payload), 4);
  header.writeUInt32LE(crc32(header.subarray(0, 8)), 8);
  return header;
}

/** Returns the length of the part that holds whole frames. */
function replayFrames(
  file: number,
  { path, replay }: { path: string; replay: (entry: unknown) => void },
): number {
  let at = 0;
  for (;;) {
    const header = readAt(file, at, HEADER_BYTES);
    if (header === null) return at;
    if (crc32(header.subarray(0, 8)) !== header.readUInt32LE(8)) throw damaged(path, at);
    const length = header.readUInt32LE(0);
    const payload = readAt(file, at + HEADER_BYTES, length);
    if (payload === null) return at;
    if (crc32(payload) !== header.readUInt32LE(4)) {
      // A process that dies tears only the last frame: anything after it means damage of another kind.
      if (readAt(file, at + HEADER_BYTES + length, 1) === null) return at;
      throw damaged(path, at);
    }
    replay(deserialize(payload));
    at += HEADER_BYTES + length;
  }
}

function damaged(path: string, at: number): Refused {
  return new Refused(`${path} is damaged at byte ${at}: restore the folder or start with another`);
}

/** Null when the file ends before `length` bytes. */
function readAt(file: number, position: number, length: number): Buffer | null {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(file, bytes, filled, length - filled, position + filled);
    if (count === 0) return null;
    filled += count;
  }
  return bytes;
}
