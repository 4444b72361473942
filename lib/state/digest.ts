// Digests vouch for bytes at rest: a commit names its spilled body by digest, a manifest its
// segments. SHA-256 everywhere, so that equal digests mean equal bytes. Parts are hashed as if they
// were joined; callers whose parts could be cut differently put lengths in front of them.

import { createHash } from 'node:crypto';

/** SHA-256 of the parts in order, as 64 lower-case hex digits. */
export function sha256Hex(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
