import { kinesis, pipeline, s3 } from 'rivulet';

interface Click {
  readonly at: number;
  readonly user: string;
  readonly page: string;
  readonly tags: readonly string[];
}

/** Tags of the clicks on products, one row for each. */
export default pipeline('tags')
  .from(kinesis<Click>('clicks'))
  .filter((click) => click.page.startsWith('/products/'))
  .named('products-only')
  .flatMap((click) => click.tags.map((tag) => ({ at: click.at, tag })))
  .map(({ at, tag }) => ({ at, tag: tag.toLowerCase() }))
  .to(s3('tags', { partitionBy: 'hour' }), { mode: 'append' });
