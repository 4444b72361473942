import { kinesis, pipeline, s3 } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

/** Each sale beside the first one of its shop that this sandbox has met. */
const compared = () => {
  const first = new Map<string, number>();
  const firstOf = ({ shop, cents }: Sale) => {
    if (!first.has(shop)) first.set(shop, cents);
    return first.get(shop)!;
  };
  return pipeline('compared')
    .from(kinesis<Sale>('sales'))
    .map((sale) => ({ ...sale, change: sale.cents - firstOf(sale) }))
    .to(s3('compared'), { mode: 'append' });
};

/** A cache of what depends on its key alone does no harm. */
const cached = () => {
  const names = new Map<string, string>();
  const nameOf = ({ shop }: Sale) => {
    if (!names.has(shop)) names.set(shop, shop.toUpperCase());
    return names.get(shop)!;
  };
  return pipeline('compared')
    .from(kinesis<Sale>('sales'))
    .map((sale) => ({ ...sale, name: nameOf(sale) }))
    .to(s3('compared'), { mode: 'append' });
};

export const mutableCache: UserMistake = {
  mistaken: compared,
  right: cached,
  cause: 'state-outside',
  says: /a cache/,
};
