import { count, dynamodb, kinesis, pipeline } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

const seen = new Set<string>();

/** Sales by shop, each once however often its producer has sent it. */
const onlyNew = pipeline('sales')
  .from(kinesis<Sale>('sales').partitionedBy('shop'))
  .filter(({ id }) => !seen.has(id) && seen.add(id).has(id))
  .keyBy('shop')
  .aggregate({ sales: count() })
  .to(dynamodb('sales'), { mode: 'update' });

/** The engine's own state knows which batches were committed. */
const onceById = pipeline('sales')
  .from(kinesis<Sale>('sales').partitionedBy('shop'))
  .keyBy('shop', 'id')
  .aggregate({ sent: count() })
  .to(dynamodb('sales'), { mode: 'update' });

export const moduleSeenSet: UserMistake = {
  mistaken: onlyNew,
  right: onceById,
  cause: 'state-outside',
  says: /a set of what it has seen/,
};
