import { randomBytes } from 'node:crypto';
import type { CommitId } from '../../model/ids.ts';
import type { Ids } from '../../ports/ids.ts';

/** Ids of 128 random bits in 22 characters that are safe in object keys. */
export const systemIds: Ids = {
  commitId: () => randomBytes(16).toString('base64url') as CommitId,
};
