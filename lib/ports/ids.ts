import type { CommitId } from '../model/ids.ts';

/** The only source of randomness: ids that name one attempt. */
export interface Ids {
  commitId(): CommitId;
}
