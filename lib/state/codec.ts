// Canonical bytes: the alphabet that deltas and segments are written in. Unsigned numbers are
// LEB128 varints of up to 53 bits, signed ones are zigzagged first, doubles are 8 bytes little
// endian, text is UTF-8. A reader checks every length against the bytes that are left before it
// allocates, and throws `data` for anything it does not understand: it never crashes or hangs.

import { EngineError } from '../model/errors.ts';

/** The error for stored bytes that are not what the format says. */
export function brokenBytes(what: string, cause?: unknown): EngineError {
  return new EngineError('data', `stored state cannot be read: ${what}`, {
    code: 'state-bytes-invalid',
    cause,
  });
}

const INITIAL_BYTES = 1024;
const VARINT_BYTES_MAX = 8;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Appends to bytes that grow. */
export class ByteWriter {
  private bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  private length = 0;

  /** Makes room for `count` more bytes, which the next calls may write without a further check. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** A whole number from 0 to 2^53 - 1, seven bits a byte, low bits first. */
  varint(value: number): void {
    this.reserve(VARINT_BYTES_MAX);
    let rest = value;
    while (rest >= 0x8000_0000) {
      this.bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      this.bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** A whole number from -2^52 to 2^52 - 1. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  float64(value: number): void {
    this.reserve(8);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Length in bytes, then UTF-8. */
  text(text: string): void {
    this.texts([text]);
  }

  /** Lengths of all texts, then their UTF-8 without separators: one call of the encoder for all. */
  texts(texts: readonly string[]): void {
    const joined = texts.join('');
    const byteLength = Buffer.byteLength(joined);
    const ascii = byteLength === joined.length;
    for (const text of texts) this.varint(ascii ? text.length : Buffer.byteLength(text));
    this.reserve(byteLength);
    this.length += this.bytes.write(joined, this.length);
  }

  /** The bytes written so far, as a copy of their exact length. */
  finish(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(0, this.length));
  }
}

/** Takes bytes apart from front to back. */
export class ByteReader {
  private readonly bytes: Buffer;
  private offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  byte(): number {
    this.expect(1);
    return this.bytes[this.offset++]!;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < VARINT_BYTES_MAX; count += 1) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      factor *= 128;
    }
    throw brokenBytes('a number has more than 53 bits');
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  /** A count of things that each take at least `bytesEach` of the bytes that are left. */
  count(what: string, bytesEach = 1): number {
    const count = this.varint();
    if (count * bytesEach > this.remaining) {
      throw brokenBytes(`${count} ${what} do not fit in ${this.remaining} bytes`);
    }
    return count;
  }

  float64(): number {
    this.expect(8);
    const value = this.bytes.readDoubleLE(this.offset);
    this.offset += 8;
    return value;
  }

  raw(count: number): Uint8Array {
    this.expect(count);
    this.offset += count;
    return this.bytes.subarray(this.offset - count, this.offset);
  }

  text(): string {
    return this.texts(1)[0]!;
  }

  /** `count` texts as `ByteWriter.texts` wrote them. */
  texts(count: number): string[] {
    const lengths = new Float64Array(count);
    let byteLength = 0;
    for (let index = 0; index < count; index += 1) {
      const length = this.varint();
      lengths[index] = length;
      byteLength += length;
    }
    const slab = this.raw(byteLength);
    const joined = decodeUtf8(slab);
    const texts = new Array<string>(count);
    const ascii = joined.length === byteLength;
    let start = 0;
    for (let index = 0; index < count; index += 1) {
      const end = start + lengths[index]!;
      texts[index] = ascii ? joined.slice(start, end) : decodeUtf8(slab.subarray(start, end));
      start = end;
    }
    return texts;
  }

  /** Throws unless every byte was read. */
  end(): void {
    if (this.remaining > 0) throw brokenBytes(`${this.remaining} bytes are left over`);
  }

  private expect(count: number): void {
    if (count > this.remaining) {
      throw brokenBytes(`${count} bytes are missing where ${this.remaining} are left`);
    }
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw brokenBytes('a text is not UTF-8', cause);
  }
}
