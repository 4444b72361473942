import { randomUUID } from 'node:crypto';
import { foreachBatch, kinesis, pipeline } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

/** Sales in a table of others, each under a key of its own. */
const exported = (keyOf: (batchId: string, index: number) => string) => () => {
  const table = new Map<string, Sale>();
  const write = async (rows: readonly Sale[], batchId: string) => {
    for (const [index, sale] of rows.entries()) table.set(keyOf(batchId, index), sale);
  };
  return {
    pipeline: pipeline('exported')
      .from(kinesis<Sale>('sales'))
      .to(foreachBatch('table', write), { mode: 'append' }),
    effects: () => [...table.values()],
  };
};

export const randomKeyInSink: UserMistake = {
  mistaken: exported(() => randomUUID()),
  right: exported((batchId, index) => `${batchId}-${index}`),
  cause: 'not-idempotent',
  says: /crypto\.randomUUID\(\) at .*random-key-in-sink\.ts:\d+/,
};
