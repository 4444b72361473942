import { foreachBatch, kinesis, pipeline } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

/** What a shop has taken, in a database with an atomic increment. */
const takings = (isRemembering: boolean) => () => {
  const done = new Set<string>();
  const totals = new Map<string, number>();
  const add = async (rows: readonly Sale[], batchId: string) => {
    if (done.has(batchId)) return;
    for (const { shop, cents } of rows) totals.set(shop, (totals.get(shop) ?? 0) + cents);
    if (isRemembering) done.add(batchId);
  };
  return {
    pipeline: pipeline('takings')
      .from(kinesis<Sale>('sales'))
      .to(foreachBatch('totals', add), { mode: 'append' }),
    effects: () => totals,
  };
};

export const incrementingSink: UserMistake = {
  mistaken: takings(false),
  right: takings(true),
  cause: 'not-idempotent',
  says: /foreach-batch-totals.*\n.*remember the batch id/,
};
