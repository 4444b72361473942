// Compares what a run left in its sinks with what the plain computation gives for the records that
// were committed.

import type { Item } from '../../lib/adapters/aws/commit-item.ts';
import { comparePositions, type Position } from '../../lib/model/record.ts';
import type { JournalEntry } from '../../lib/testing/watch/journal.ts';
import { OUTPUT_BUCKET } from '../../lib/testing/watch/sink-watch.ts';
import type { Scenario } from '../../lib/testing/world/scenario.ts';
import { functionTableOf } from '../../lib/testing/world/targets.ts';
import type { RunResult, Violation, World } from '../../lib/testing/world/world.ts';
import {
  type CommittedBatch,
  type CommittedBatches,
  type CommittedRecord,
  type DeadRecord,
  numberOf,
  type Outputs,
  type RecordText,
} from './oracle.ts';

/** A scenario that knows what should come out. */
export interface JudgedScenario extends Scenario {
  readonly expected: (logs: readonly CommittedBatches[]) => Outputs;
  /** The records in the data of one Kinesis record; one, unless it is packed. */
  readonly unpack?: (data: Uint8Array) => readonly RecordText[];
}

/** The violations of a run, those of the final outputs included. */
export function judge(scenario: JudgedScenario, result: RunResult): readonly Violation[] {
  const { world } = result;
  // A run stops at its first violation. The watchers have judged what happened until then.
  if (result.violations.length > 0 || world.isForfeit) return result.violations;
  const records = recordsByShard(scenario, world);
  const logs = world.journal.logIds.map((log) => ({
    batches: world.journal.entriesOf(log).map((entry) => committedBatch(entry, records)),
    isStopped: world.lostLogs.has(log),
  }));
  const expected = scenario.expected(logs.map(({ batches }) => batches));
  const actual = outputsOf(world);
  const parts = Object.keys(expected) as (keyof Outputs)[];
  if (world.lostLogs.size === 0) {
    return parts.flatMap((part) =>
      differenceOf(part, { expected: expected[part], actual: actual[part] }),
    );
  }
  // Nobody can finish the publication of a head that stands behind a hole.
  const before = scenario.expected(
    logs.map(({ batches, isStopped }) => (isStopped ? batches.slice(0, -1) : batches)),
  );
  return parts.flatMap((part) =>
    differenceBetween(part, {
      before: before[part],
      after: expected[part],
      actual: actual[part],
    }),
  );
}

/** What was there before a commit and is there after it must be there; nothing else than either may. */
function differenceBetween(
  part: string,
  rows: {
    readonly before: readonly unknown[];
    readonly after: readonly unknown[];
    readonly actual: readonly unknown[];
  },
): readonly Violation[] {
  const [before, after, actual] = [rows.before, rows.after, rows.actual].map(countsOf);
  const texts = new Set([...before!.keys(), ...after!.keys(), ...actual!.keys()]);
  return [...texts].flatMap((text) => {
    const counts = [before!, after!].map((each) => each.get(text) ?? 0);
    const count = actual!.get(text) ?? 0;
    if (count >= Math.min(...counts) && count <= Math.max(...counts)) return [];
    const what = `${part}: ${count} of ${text}, expected ${counts.join(' to ')}`;
    return [{ invariant: 'I4', what }];
  });
}

function countsOf(rows: readonly unknown[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of rows.map(canonical)) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

interface PlacedRecord {
  readonly record: CommittedRecord;
  readonly position: Position;
}

/** All records of the streams by `source/shard`, packed ones opened. */
function recordsByShard(
  scenario: JudgedScenario,
  world: World,
): ReadonlyMap<string, readonly PlacedRecord[]> {
  const unpack = scenario.unpack ?? ((data) => [Buffer.from(data).toString('utf8')]);
  return new Map(
    world.shards.map((shard) => {
      const records = world.recordsOf(shard).flatMap(({ sequenceNumber, data, arrivalMs }) =>
        unpack(data).map((text, subSequenceNumber) => ({
          record: {
            text,
            shardId: shard.shardId,
            sequenceNumber,
            subSequenceNumber,
            arrivedAt: new Date(arrivalMs).toISOString(),
          },
          position: { sequenceNumber, subSequenceNumber } as Position,
        })),
      );
      return [`${shard.source}/${shard.shardId}`, records];
    }),
  );
}

function committedBatch(
  { commit: { header }, shard }: JournalEntry,
  records: ReadonlyMap<string, readonly PlacedRecord[]>,
): CommittedBatch {
  const { firstPosition, batchTimeMs, positions } = header;
  if (shard === null || firstPosition === null) return { source: null, records: [], batchTimeMs };
  const taken = records
    .get(shard)!
    .filter(
      ({ position }) =>
        comparePositions(firstPosition, position) <= 0 &&
        comparePositions(position, positions[shard]!) <= 0,
    );
  const [source] = shard.split('/');
  return { source: source!, batchTimeMs, records: taken.map(({ record }) => record) };
}

function outputsOf(world: World): Outputs {
  const linesUnder = (prefix: string) =>
    world.sinks
      .listObjects()
      .filter((key) => key.startsWith(prefix))
      .flatMap((key) =>
        Buffer.from(world.sinks.object(OUTPUT_BUCKET, key)!)
          .toString('utf8')
          .split('\n')
          .filter((line) => line !== ''),
      )
      .map((line) => JSON.parse(line) as object);
  return {
    table: world.sinks.items().map(plainRow),
    files: linesUnder('rows/'),
    late: linesUnder('late/'),
    dead: linesUnder('dead-letters/').map(plainLetter),
    handed: world.pipeline.nodes
      .filter(({ kind }) => kind === 'foreach-batch-sink')
      .flatMap(({ uid }) => world.sinks.itemsIn(functionTableOf(uid)))
      .map(({ row }) => JSON.parse(row!.S!) as object),
  };
}

/** A dead letter without its sentence, its record as text. */
function plainLetter(line: object): DeadRecord {
  const { data, detail, ...letter } = line as Omit<DeadRecord, 'text'> & {
    readonly data: string;
    readonly detail: string;
  };
  return { ...letter, text: Buffer.from(data, 'base64').toString('utf8') };
}

function plainRow(item: Item): object {
  const own = Object.entries(item).filter(
    ([name]) => name !== 'pk' && name !== 'sk' && !name.startsWith('_'),
  );
  return Object.fromEntries(
    own.map(([name, { S, N }]) => [name, N === undefined ? S : numberOf(N)]),
  );
}

function differenceOf(
  part: string,
  {
    expected,
    actual,
  }: { readonly expected: readonly unknown[]; readonly actual: readonly unknown[] },
): readonly Violation[] {
  const left = expected.map(canonical).sort();
  const right = actual.map(canonical).sort();
  const at = left.findIndex((row, index) => row !== right[index]);
  if (at === -1 && left.length === right.length) return [];
  const place = at === -1 ? left.length : at;
  const what = `${part}: ${right.length} rows, expected ${left.length}; first difference: ${right[place] ?? 'none'}, expected ${left[place] ?? 'none'}`;
  return [{ invariant: 'I4', what }];
}

/** Equal text for equal values, whatever the order of fields. */
const canonical = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? JSON.stringify(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
    : String(value);
