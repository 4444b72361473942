// The framing that SDKs put around a streamed upload: chunks with their length in hexadecimal, an
// optional signature each, then trailing headers with the checksum of the whole.

import { ServiceError } from '../../../../lib/cloud/service.ts';

export interface Unchunked {
  readonly body: Buffer;
  /** Names in lower case: `x-amz-checksum-crc32`, … */
  readonly trailers: Readonly<Record<string, string>>;
}

/** Whether a body is framed, from its `content-encoding` and `x-amz-content-sha256`. */
export function isAwsChunked(encoding: string | undefined, payload: string | undefined): boolean {
  return (
    payload?.startsWith('STREAMING-') === true ||
    encoding?.split(',').some((part) => part.trim() === 'aws-chunked') === true
  );
}

/**
 * Takes the framing off; signatures of chunks are not verified.
 *
 * @throws ServiceError `IncompleteBody` when chunks end early or do not add up to `decodedLength`.
 */
export function decodeAwsChunked(framed: Buffer, decodedLength: number | undefined): Unchunked {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = lineAt(framed, at);
    const length = chunkLength(line.text);
    at = line.next;
    if (length === 0) break;
    if (at + length + 2 > framed.length) throw incomplete('a chunk ends before its stated length');
    chunks.push(framed.subarray(at, at + length));
    at += length + 2;
  }
  const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  if (decodedLength !== undefined && body.length !== decodedLength) {
    throw incomplete(
      `the chunks hold ${body.length} bytes, x-amz-decoded-content-length says ${decodedLength}`,
    );
  }
  return { body, trailers: trailersAt(framed, at) };
}

function trailersAt(framed: Buffer, start: number): Record<string, string> {
  const trailers: Record<string, string> = {};
  let at = start;
  while (at < framed.length) {
    const { text, next } = lineAt(framed, at);
    const colon = text.indexOf(':');
    if (colon > 0)
      trailers[text.slice(0, colon).trim().toLowerCase()] = text.slice(colon + 1).trim();
    at = next;
  }
  return trailers;
}

/** Trailers may end with a bare line feed, as signed ones do in the documentation. */
function lineAt(framed: Buffer, at: number): { text: string; next: number } {
  const feed = framed.indexOf(0x0a, at);
  if (feed < 0) throw incomplete('the body ends inside a line of its framing');
  return { text: framed.toString('latin1', at, feed).trimEnd(), next: feed + 1 };
}

function chunkLength(line: string): number {
  const digits = line.split(';', 1)[0]!;
  if (!/^[0-9a-fA-F]{1,8}$/.test(digits))
    throw incomplete(`a chunk begins with no length: ${digits.slice(0, 20)}`);
  return Number.parseInt(digits, 16);
}

function incomplete(message: string): ServiceError {
  return new ServiceError('IncompleteBody', message);
}
