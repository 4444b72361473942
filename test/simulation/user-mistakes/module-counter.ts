import { kinesis, pipeline, s3 } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

let issued = 0;

/** Sales with the number of their receipt. */
const receipts = (numberOf: (sale: Sale) => number | string) =>
  pipeline('receipts')
    .from(kinesis<Sale>('sales'))
    .map((sale) => ({ ...sale, receipt: numberOf(sale) }))
    .to(s3('receipts'), { mode: 'append' });

export const moduleCounter: UserMistake = {
  mistaken: receipts(() => {
    issued += 1;
    return issued;
  }),
  right: receipts(({ shop, id }) => `${shop}/${id}`),
  cause: 'state-outside',
  says: /variable of a module/,
};
