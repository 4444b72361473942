import { dynamodb, kinesis, max, pipeline, tumbling } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

/** How long sales took to get here, by the clock of whichever sandbox asks. */
const delays = (nowMs: (sale: Sale) => number) =>
  pipeline('delays')
    .from(kinesis<Sale>('sales').partitionedBy('shop'))
    .map((sale) => ({ ...sale, delay: nowMs(sale) - sale.at }))
    .withWatermark('at', '10 seconds')
    .keyBy('shop')
    .window(tumbling('1 minute'))
    .aggregate({ worst: max('delay') })
    .to(dynamodb('delays'), { mode: 'update' });

export const clockInOperator: UserMistake = {
  mistaken: delays(() => Date.now()),
  right: delays((sale) => sale.at + sale.cents),
  cause: 'clock',
  says: /Date\.now\(\) at .*clock-in-operator\.ts:\d+/,
};
