import { setTimeout as sleep } from 'node:timers/promises';
import { foreachBatch, kinesis, pipeline } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

/** Sales in a search index, which takes some milliseconds for each. */
const indexed = (isAwaiting: boolean) => () => {
  const index = new Map<string, Sale>();
  const write = async (id: string, sale: Sale) => {
    await sleep(20);
    index.set(id, sale);
  };
  const writeAll = async (rows: readonly Sale[]) => {
    const writes = rows.map((sale) => write(sale.id, sale));
    if (isAwaiting) await Promise.all(writes);
  };
  return {
    pipeline: pipeline('indexed')
      .from(kinesis<Sale>('sales'))
      .to(foreachBatch('index', writeAll), { mode: 'append' }),
    effects: () => index,
  };
};

export const unawaitedWrite: UserMistake = {
  mistaken: indexed(false),
  right: indexed(true),
  cause: 'not-awaited',
  says: /foreach-batch-index.*\n.*await each promise/,
};
