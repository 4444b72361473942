import { foreachBatch, kinesis, pipeline } from 'rivulet';
import { firstElements } from './printing/console.ts';

/** Words of lines of text, counted batch by batch; the first ten of each batch are shown. */
export default pipeline('words')
  .from(kinesis<string>('lines'))
  .flatMap((line) => line.split(' '))
  .batches()
  .countByValue()
  .transformBatch((counts, { batchTimeMs }) => counts.map((count) => ({ ...count, batchTimeMs })))
  .to(
    foreachBatch('console', (counts) => {
      const elements = counts.map(({ value, count }) => `(${value},${count})`);
      console.log(firstElements(counts[0]!.batchTimeMs, elements));
    }),
    { mode: 'append' },
  );
