import { count, dynamodb, kinesis, pipeline, tumbling } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

const seen = new Set<string>();

/** After the first look at their times, no sale is new to any run. */
const onlyNew = pipeline('sales-by-minute')
  .from(kinesis<Sale>('sales').partitionedBy('shop'))
  .filter(({ id }) => {
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  })
  .withWatermark('at', '30 seconds')
  .keyBy('shop')
  .window(tumbling('1 minute'))
  .aggregate({ sales: count() })
  .to(dynamodb('sales'), { mode: 'update' });

const onceById = pipeline('sales-by-minute')
  .from(kinesis<Sale>('sales').partitionedBy('shop'))
  .withWatermark('at', '30 seconds')
  .keyBy('shop', 'id')
  .window(tumbling('1 minute'))
  .aggregate({ sent: count() })
  .to(dynamodb('sales'), { mode: 'update' });

export const seenSetBeforeWatermark: UserMistake = {
  mistaken: onlyNew,
  right: onceById,
  cause: 'state-outside',
  says: /event 0, computed again: 0 rows come to the watermark[\s\S]*a set of what it has seen/,
};
