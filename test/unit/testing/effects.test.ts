import { describe, expect, it } from 'vitest';
import { foreachBatch, kinesis, pipeline } from '../../../lib/index.ts';
import { withAmbience } from '../../../lib/testing/ambient.ts';
import { causesOf } from '../../../lib/testing/causes.ts';
import { committedBatches } from '../../../lib/testing/effects.ts';
import { calmPlan } from '../../../lib/testing/faults/fault-plan.ts';
import { type ObservedRun, observeRun } from '../../../lib/testing/observed-run.ts';
import { findingIn } from '../../../lib/testing/reference.ts';

interface Click {
  readonly id: number;
}

/** Clicks in a database under their ids. */
const stored = () => {
  const rows = new Map<number, Click>();
  const write = async (clicks: readonly Click[]) => {
    for (const click of clicks) rows.set(click.id, click);
  };
  return {
    pipeline: pipeline('clicks')
      .from(kinesis<Click>('clicks'))
      .to(foreachBatch('database', write), { mode: 'append' }),
    effects: () => rows,
  };
};

const setup = {
  arrivals: Array.from({ length: 6 }, (_, id) => ({
    atMs: id * 4_000,
    partitionKey: `click-${id}`,
    data: Buffer.from(JSON.stringify({ id }), 'utf8'),
  })),
  startMs: Date.UTC(2026, 0, 1),
  shardCount: 2,
  batchSize: 1,
};

/** A run after which nobody would know of this click, had the function not been given it. */
function without(run: ObservedRun, id: number): ObservedRun {
  const shown = new Map([...(run.effects!.shown as Map<number, Click>)]);
  shown.delete(id);
  const handovers = run.handovers.filter(({ rows }) => rows !== JSON.stringify([{ id }]));
  return { ...run, handovers, effects: { shown } };
}

describe('what the functions of a pipeline should have done', () => {
  it('is what was committed, each batch once, in the order in which they were given it', async () => {
    const run = await withAmbience(() => observeRun(stored, setup, calmPlan(1)));
    const rows = committedBatches(run).flatMap((batch) => JSON.parse(batch.rows) as Click[]);
    expect(rows.map(({ id }) => id).sort()).toEqual([0, 1, 2, 3, 4, 5]);
    const first = [...new Set(run.handovers.map(({ batchId }) => batchId))];
    expect(committedBatches(run).map(({ batchId }) => batchId)).toEqual(first);
  });

  it('holds what was committed and never given to them, for which nobody but the engine is to blame', async () => {
    await withAmbience(async () => {
      const run = await observeRun(stored, setup, calmPlan(1));
      expect(await findingIn(stored, run, null)).toBeNull();
      const forgetful = without(run, 3);
      expect(forgetful.handovers.length).toBeLessThan(run.handovers.length);
      const finding = await findingIn(stored, forgetful, null);
      expect(finding).toMatchObject({ kind: 'effects' });
      const causes = await causesOf(stored, forgetful, finding!, false);
      expect(causes.map(({ kind }) => kind)).toEqual(['engine']);
    });
  });

  it('holds rows as they were committed, and not as they were given to them', async () => {
    await withAmbience(async () => {
      const run = await observeRun(stored, setup, calmPlan(1));
      const falsified = JSON.stringify([{ id: 33 }]);
      const handovers = run.handovers.map((each) =>
        each.rows === JSON.stringify([{ id: 3 }]) ? { ...each, rows: falsified } : each,
      );
      const shown = new Map([...(run.effects!.shown as Map<number, Click>), [33, { id: 33 }]]);
      shown.delete(3);
      const finding = await findingIn(stored, { ...run, handovers, effects: { shown } }, null);
      expect(finding).toMatchObject({ kind: 'effects' });
      const causes = await causesOf(stored, { ...run, handovers }, finding!, false);
      expect(causes.map(({ kind }) => kind)).toEqual(['engine']);
    });
  });
});
