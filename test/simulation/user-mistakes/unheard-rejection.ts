import { setTimeout as sleep } from 'node:timers/promises';
import { foreachBatch, kinesis, pipeline } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

/** Sales in a database, and a message for each batch, which fails now and then. */
const announced = (isAwaiting: boolean) => () => {
  const stored = new Map<string, Sale>();
  const announce = async (rows: readonly Sale[]) => {
    await sleep(2);
    if (rows.some(({ id }) => id.endsWith('7'))) throw new Error('the topic is full');
  };
  const store = async (rows: readonly Sale[]) => {
    const announcing = announce(rows);
    if (isAwaiting) await announcing.catch(() => {});
    await sleep(5);
    for (const sale of rows) stored.set(sale.id, sale);
  };
  return {
    pipeline: pipeline('announced')
      .from(kinesis<Sale>('sales'))
      .to(foreachBatch('database', store), { mode: 'append' }),
    effects: () => stored,
  };
};

export const unheardRejection: UserMistake = {
  mistaken: announced(false),
  right: announced(true),
  cause: 'not-awaited',
  says: /rejected with the topic is full[\s\S]*foreach-batch-database/,
};
