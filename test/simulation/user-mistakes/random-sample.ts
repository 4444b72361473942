import { kinesis, pipeline, s3 } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

/** Some of the sales, for a closer look. */
const sampled = (keep: (sale: Sale) => boolean) =>
  pipeline('sampled')
    .from(kinesis<Sale>('sales'))
    .filter(keep)
    .to(s3('sample'), { mode: 'append' });

export const randomSample: UserMistake = {
  mistaken: sampled(() => Math.random() < 0.5),
  right: sampled(({ id }) => id.charCodeAt(id.length - 1) % 2 === 0),
  cause: 'chance',
  says: /Math\.random\(\) at .*random-sample\.ts:\d+/,
};
