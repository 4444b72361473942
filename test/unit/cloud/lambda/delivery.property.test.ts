import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Invocation, Outcome } from '../../../../lib/cloud/lambda/invocation.ts';
import { driveMapping, failing, recordsOf } from './driver.ts';

const STEP = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'settle', 'settle', 'reshard', 'wait', 'restart'),
  at: fc.nat({ max: 1_000_000 }),
  outcome: fc.constantFrom('returned', 'failed', 'partial', 'unknown', 'not-started'),
});

const SETTINGS = fc.record({
  BatchSize: fc.integer({ min: 1, max: 6 }),
  MaximumBatchingWindowInSeconds: fc.integer({ min: 0, max: 2 }),
  ParallelizationFactor: fc.constantFrom(1, 1, 3),
  BisectBatchOnFunctionError: fc.boolean(),
});

test('every record is delivered in order at least once, one batch of a lane at a time, parents first', () => {
  fc.assert(
    fc.property(
      SETTINGS,
      fc.constantFrom('same' as const, 'varied' as const),
      fc.array(STEP, { maxLength: 120 }),
      (settings, retryBoundaries, steps) => {
        const driver = driveMapping(
          { ...settings, FunctionResponseTypes: ['ReportBatchItemFailures'] },
          { retryBoundaries, shardCount: 2 },
        );
        let inFlight: Invocation[] = [];
        const putOf = new Map<string, string[]>();
        const doneOf = new Map<string, Set<string>>();
        const parentsOf = new Map<string, string[]>();

        const shardOf = (invocation: Invocation) =>
          invocation.trigger.kind === 'stream' ? invocation.trigger.shardId : '';
        const succeed = (invocation: Invocation, count: number) => {
          const done = doneOf.get(shardOf(invocation)) ?? new Set();
          doneOf.set(shardOf(invocation), done);
          for (const { kinesis } of recordsOf(invocation).slice(0, count)) {
            done.add(kinesis.sequenceNumber);
          }
        };
        const start = () => {
          for (const invocation of driver.due()) {
            const shardId = shardOf(invocation);
            const records = recordsOf(invocation);
            expect(records.length).toBeGreaterThan(0);
            expect(records.length).toBeLessThanOrEqual(settings.BatchSize);
            // One batch of a key at a time.
            const keys = new Set(records.map(({ kinesis }) => kinesis.partitionKey));
            for (const other of inFlight.filter((each) => shardOf(each) === shardId)) {
              expect(settings.ParallelizationFactor).toBeGreaterThan(1);
              for (const { kinesis } of recordsOf(other))
                expect(keys).not.toContain(kinesis.partitionKey);
            }
            // Everything of these keys before the first record is done.
            const done = doneOf.get(shardId) ?? new Set();
            const numbers = records.map(({ kinesis }) => BigInt(kinesis.sequenceNumber));
            for (const put of putOf.get(shardId) ?? []) {
              const [sequenceNumber, key] = put.split(' ') as [string, string];
              if (keys.has(key) && BigInt(sequenceNumber) < numbers[0]!) {
                expect(done).toContain(sequenceNumber);
              }
            }
            expect(
              numbers.every((number, index) => index === 0 || number > numbers[index - 1]!),
            ).toBe(true);
            // Parents are drained.
            for (const parent of parentsOf.get(shardId) ?? []) {
              expect(doneOf.get(parent)?.size ?? 0).toBe(putOf.get(parent)?.length ?? 0);
            }
            inFlight.push(invocation);
          }
        };
        const settle = (at: number, kind: string) => {
          const invocation = inFlight[at % Math.max(1, inFlight.length)];
          if (invocation === undefined) return;
          inFlight = inFlight.filter((each) => each !== invocation);
          const records = recordsOf(invocation);
          const first = at % records.length;
          const outcomes: Record<string, Outcome> = {
            returned: { kind: 'returned', response: null },
            failed: { kind: 'failed' },
            partial: failing(records[first]!.kinesis.sequenceNumber),
            unknown: failing('nonsense'),
            'not-started': { kind: 'not-started' },
          };
          if (kind === 'returned') succeed(invocation, records.length);
          if (kind === 'partial') succeed(invocation, first);
          driver.settle(invocation, outcomes[kind]!);
        };
        const learnShards = () => {
          const { Shards } = driver.kinesis.call(
            'ListShards',
            { StreamName: 'events' },
            driver.clock,
          ) as {
            Shards: { ShardId: string; ParentShardId?: string; AdjacentParentShardId?: string }[];
          };
          for (const { ShardId, ParentShardId, AdjacentParentShardId } of Shards) {
            const parents = [ParentShardId, AdjacentParentShardId];
            parentsOf.set(
              ShardId,
              parents.filter((id) => id !== undefined),
            );
          }
        };

        for (const { kind, at, outcome } of steps) {
          driver.clock.nowMs += 50;
          if (kind === 'put') {
            const key = `k${at % 7}`;
            const { ShardId, SequenceNumber } = driver.put(key, 'x');
            putOf.set(ShardId, [...(putOf.get(ShardId) ?? []), `${SequenceNumber} ${key}`]);
          } else if (kind === 'settle') settle(at, outcome);
          else if (kind === 'wait') driver.clock.nowMs += at % 5_000;
          else if (kind === 'restart') {
            driver.lambda.abandon();
            inFlight = [];
          } else {
            const TargetShardCount = 2 + (at % 2);
            const ScalingType = 'UNIFORM_SCALING';
            const input = { StreamName: 'events', TargetShardCount, ScalingType };
            driver.kinesis.call('UpdateShardCount', input, driver.clock);
            learnShards();
          }
          start();
        }

        // When failures stop, everything is delivered.
        for (let round = 0; round < 1_000; round += 1) {
          if (inFlight.length > 0) settle(0, 'returned');
          else if (driver.nextDueMs() === null) break;
          else driver.clock.nowMs = Math.max(driver.clock.nowMs, driver.nextDueMs()!);
          start();
        }
        for (const [shardId, put] of putOf) expect(doneOf.get(shardId)?.size).toBe(put.length);
      },
    ),
    { numRuns: 300, seed: 20_240_102 },
  );
});
