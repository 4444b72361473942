import { count, dynamodb, kinesis, pipeline } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

/** Sales by shop. */
const sales = (nameOf: (sale: Sale) => string) =>
  pipeline('sales')
    .from(kinesis<Sale>('sales').partitionedBy('shop'))
    .map((sale) => ({ ...sale, shop: nameOf(sale) }))
    .keyBy('shop')
    .aggregate({ sales: count() })
    .to(dynamodb('sales'), { mode: 'update' });

export const changedKey: UserMistake = {
  mistaken: sales(({ shop }) => shop.toUpperCase()),
  right: sales(({ shop }) => shop),
  cause: 'key-changed',
  says: /wrong-shard/,
};
