import { setTimeout as sleep } from 'node:timers/promises';
import { foreachBatch, kinesis, pipeline } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

/** Sales with the time of their writing, or of their happening. */
const stamped = (timeOf: (sale: Sale) => number) => () => {
  const stored = new Map<string, number>();
  const store = async (rows: readonly Sale[]) => {
    await sleep(5);
    for (const sale of rows) stored.set(sale.id, timeOf(sale));
  };
  return {
    pipeline: pipeline('stamped')
      .from(kinesis<Sale>('sales'))
      .to(foreachBatch('database', store), { mode: 'append' }),
    effects: () => stored,
  };
};

export const clockInSink: UserMistake = {
  mistaken: stamped(() => Date.now()),
  right: stamped(({ at }) => at),
  cause: 'clock',
  says: /Date\.now\(\).*\n.*take a time from the rows/,
};
