// The path of a batch through decoding, operators and draft, and the floor it is measured by.

import { DEAD_LETTERS } from '../lib/contract/environment.ts';
import { decodeBatch } from '../lib/decoding/decode-batch.ts';
import { asBatchTimeMs, asShardId } from '../lib/model/ids.ts';
import type { DeliveredRecord } from '../lib/model/record.ts';
import { type Plan, sourceOf } from '../lib/plan/plan.ts';
import { compilePlan } from '../lib/runtime/process-batch.ts';
import { KeyedState } from '../lib/state/keyed-state.ts';
import { recordsOf } from './events.ts';
import { type Case, cpuMs } from './measure.ts';

/** Lambda events as text. */
export type Batches = readonly Buffer[];

export const WHOLE_RANGE = { start: 0n, end: 2n ** 128n - 1n };
export const TARGETS = {
  [DEAD_LETTERS]: { kind: 's3', bucketName: 'out', prefix: 'dead/' },
} as const;

/**
 * Time per 10,000 records after the first fifth of the batches, like the figures of other engines.
 * Each step pays for its own garbage, and for nobody else's: what parsing the Lambda event left behind
 * is collected before it, what it leaves itself is collected on its time.
 */
export async function perTenThousand(
  batches: Batches,
  step: (batch: readonly DeliveredRecord[]) => void | Promise<void>,
): Promise<number> {
  const warmUp = Math.ceil(batches.length / 5);
  let ms = 0;
  let recordCount = 0;
  for (const [index, batch] of batches.entries()) {
    const records = recordsOf(batch);
    // Twice, because what survives two collections of young objects is young no more.
    collectYoung();
    collectYoung();
    const before = cpuMs();
    await step(records);
    collectYoung();
    if (index < warmUp) continue;
    ms += cpuMs() - before;
    recordCount += records.length;
  }
  return (ms * 10_000) / recordCount;
}

function collectYoung(): void {
  globalThis.gc?.({ type: 'minor' });
}

/** F: base64, UTF-8, JSON.parse and the event time, record by record, and nothing else. */
export function floorCase(batches: Batches): Case {
  let newest = 0;
  const pass = async () =>
    perTenThousand(batches, (batch) => {
      for (const { kinesis } of batch) {
        const event = JSON.parse(Buffer.from(kinesis.data, 'base64').toString('utf8'));
        if (event.ts > newest) newest = event.ts;
      }
    });
  return { name: 'floor', pass };
}

export function decodingCase(batches: Batches): Case {
  const pass = async () =>
    perTenThousand(batches, (batch) => {
      const decoded = decodeBatch(batch, null);
      for (let index = 0; index < decoded.count; index += 1) decoded.event(index);
    });
  return { name: 'decoding', pass };
}

/** Decoding, every operator of the plan, emission, eviction and adoption; no delta and no commit. */
export function planCase(name: string, plan: Plan, batches: Batches): Case {
  return {
    name,
    async pass() {
      const executable = compilePlan(plan, TARGETS);
      const state = KeyedState.empty();
      const origin = { source: sourceOf(plan).name, shardId: asShardId('shardId-000000000000') };
      let watermarkMs: number | null = null;
      return perTenThousand(batches, (batch) => {
        const decoded = decodeBatch(batch, null);
        const result = executable.processBatch({
          state,
          decoded,
          from: 0,
          to: decoded.count,
          originOf: () => origin,
          givenWatermarkMs: null,
          tables: new Map(),
          hashRange: WHOLE_RANGE,
          watermarkMs,
          floors: [],
          batchTimeMs: asBatchTimeMs(0),
          outputName: 'bench',
          setAside: null,
        });
        if (result.counts.dead + result.counts.late > 0) throw new Error('a record was set aside');
        state.adopt(result.draft);
        watermarkMs = result.watermarkMs;
      });
    },
  };
}
