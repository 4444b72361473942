import { count, foreachBatch, kinesis, pipeline } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

interface Stored {
  readonly sales: number;
  readonly batch: number;
}

/** Sales of each shop, written under its name in a database. */
const salesOfShops = (isComparing: boolean) => () => {
  const stored = new Map<string, Stored>();
  const write = async (
    rows: readonly { readonly shop: string; readonly sales: number }[],
    batchId: string,
  ) => {
    const batch = Number(batchId.slice(batchId.lastIndexOf('-') + 1));
    for (const { shop, sales } of rows) {
      const isOlder = batch < (stored.get(shop)?.batch ?? 0);
      if (!(isComparing && isOlder)) stored.set(shop, { sales, batch });
    }
  };
  return {
    pipeline: pipeline('sales-of-shops')
      .from(kinesis<Sale>('sales').partitionedBy('shop'))
      .keyBy('shop')
      .aggregate({ sales: count() })
      .to(foreachBatch('shops', write), { mode: 'update' }),
    effects: () => stored,
  };
};

export const olderOverNewer: UserMistake = {
  mistaken: salesOfShops(false),
  right: salesOfShops(true),
  cause: 'older-after-newer',
  says: /foreach-batch-shops.*\n.*ignore rows whose number is lower/,
};
