import { aggregator, dynamodb, kinesis, pipeline, tumbling } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

const none: { readonly prices: number[] } = { prices: [] };

/** The prices of each shop and minute. */
const prices = (zero: () => { prices: number[] }) =>
  pipeline('prices')
    .from(kinesis<Sale>('sales').partitionedBy('shop'))
    .withWatermark('at', '10 seconds')
    .keyBy('shop')
    .window(tumbling('1 minute'))
    .aggregate({
      prices: aggregator({
        zero,
        add: (all, { cents }: Sale) => {
          all.prices.push(cents);
          return all;
        },
        merge: (left, right) => ({ prices: [...left.prices, ...right.prices] }),
        result: (all) => [...all.prices].sort((left, right) => left - right),
      }),
    })
    .to(dynamodb('prices'), { mode: 'update' });

export const sharedZero: UserMistake = {
  mistaken: prices(() => none),
  right: prices(() => ({ prices: [] })),
  cause: 'shared-zero',
  says: /zero of 'prices'/,
};
