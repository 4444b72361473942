// Every record of a shard is in exactly one committed range, or in a gap that a commit names.

import type { Commit } from '../model/commit.ts';
import type { DeliveredRecord } from '../model/record.ts';
import { placesOf, textOf } from './account-watch.ts';
import type { StreamRecord } from './deployment.ts';
import { positionOf } from './journal.ts';
import type { Run } from './run.ts';

export function checkTiling(
  run: Run,
  shard: {
    readonly shardId: string;
    readonly records: readonly StreamRecord[];
    readonly commits: readonly Commit[];
  },
): void {
  const { shardId, records, commits } = shard;
  const places = placesIn(shardId, records);
  let next = 0;
  for (const commit of commits) {
    const { firstPosition, gap } = commit.header;
    if (firstPosition === null) continue;
    const first = places.get(textOf(firstPosition)) ?? -1;
    const last = places.get(textOf(positionOf(commit)!)) ?? -1;
    if (first > next && gap === null) {
      run.report(
        'I1',
        `${shardId}: ${first - next} records before batch ${commit.header.batchNumber} are in no commit`,
      );
    }
    if (gap?.kind === 'lost') run.reached.count('lost records recorded');
    next = Math.max(next, last + 1);
  }
  if (next < places.size) {
    run.report('I1', `${shardId}: the last ${places.size - next} records are in no commit`);
  }
}

/** Place of each record of a shard in its log, packed records opened. */
function placesIn(shardId: string, records: readonly StreamRecord[]): ReadonlyMap<string, number> {
  const delivered = records.map(
    ({ sequenceNumber, data, arrivalMs }): DeliveredRecord => ({
      kinesis: {
        sequenceNumber,
        partitionKey: '',
        data: Buffer.from(data).toString('base64'),
        approximateArrivalTimestamp: arrivalMs / 1_000,
      },
      eventID: `${shardId}:${sequenceNumber}`,
      eventSourceARN: '',
    }),
  );
  return placesOf(delivered);
}
