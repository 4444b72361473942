import { describe, expectTypeOf, test } from 'vitest';
import type { ForeachBatchSink } from '../../lib/index.ts';
import {
  avg,
  count,
  decimal,
  dynamodb,
  foreachBatch,
  kinesis,
  noop,
  pipeline,
  s3,
  sum,
  tumbling,
} from '../../lib/index.ts';

interface Sale {
  readonly at: number;
  readonly shop: string;
  readonly amount: string;
  readonly note?: string;
}

const sales = pipeline('sales').from(kinesis<Sale>('sales').partitionedBy('shop'));
const hourly = sales.withWatermark('at', '1 minute').keyBy('shop').window(tumbling('1 hour'));
const totals = hourly.aggregate({ sales: count(), total: sum(decimal('amount', { scale: 2 })) });
const ever = sales.keyBy('shop').aggregate({ mean: avg('at') });
const typesOnly = (_check: () => void) => undefined;

describe('a function for batches', () => {
  test('knows the rows of its stream, the id and the signal', () => {
    typesOnly(() => {
      sales.to(
        foreachBatch('sales', async (rows, batchId, { signal }) => {
          expectTypeOf(rows).toEqualTypeOf<readonly Sale[]>();
          expectTypeOf(batchId).toEqualTypeOf<string>();
          expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        }),
        { mode: 'append' },
      );
      ever.to(
        foreachBatch('ever', (rows) => {
          expectTypeOf(rows).toEqualTypeOf<
            readonly { readonly shop: string; readonly mean: number | null }[]
          >();
        }),
        { mode: 'complete' },
      );
    });
  });

  test('gets decimals and dates as the text that was stored', () => {
    typesOnly(() => {
      totals.to(
        foreachBatch('totals', (rows) => {
          expectTypeOf(rows[0]!.total).toEqualTypeOf<string | null>();
          expectTypeOf(rows[0]!.sales).toEqualTypeOf<number>();
        }),
        { mode: 'update' },
      );
      const dated = sales.map(({ at, shop }) => ({ at: [new Date(at)], inner: { shop } }));
      dated.to(
        foreachBatch('dated', (rows) => {
          expectTypeOf(rows).toEqualTypeOf<readonly { at: string[]; inner: { shop: string } }[]>();
        }),
        { mode: 'append' },
      );
    });
  });

  test('knows that late rows are those that were to be grouped', () => {
    typesOnly(() => {
      totals.onLate(
        foreachBatch('late', async (rows) => {
          expectTypeOf(rows).toEqualTypeOf<readonly Sale[]>();
        }),
      );
      const named = hourly.reduce((left) => left);
      named
        .onLate(
          foreachBatch('late', (rows) => {
            expectTypeOf(rows).toEqualTypeOf<readonly Sale[]>();
          }),
        )
        .to(noop(), { mode: 'update' });
    });
  });

  test('can be written elsewhere, for more than these rows, and go beside other sinks', () => {
    typesOnly(() => {
      const apply = async (rows: readonly { readonly shop: string }[]) => rows.length;
      const sink = foreachBatch('shops', apply);
      expectTypeOf(sink).toEqualTypeOf<ForeachBatchSink<{ readonly shop: string }>>();
      sales.to(sink, { mode: 'append' });
      totals.to(sink, { mode: 'append' }).to(s3('totals'), { mode: 'append' });
      totals.to(dynamodb('totals'), { mode: 'update' }).to(sink, { mode: 'update' });
      totals.onLate(sink);
    });
  });

  test('is refused for other rows, and in modes that its rows cannot have', () => {
    typesOnly(() => {
      const sink = foreachBatch('other', (rows: readonly { readonly page: string }[]) => rows);
      // @ts-expect-error the rows have no page
      sales.to(sink, { mode: 'append' });
      // @ts-expect-error late rows have no page
      totals.onLate(sink);
      const unstored = foreachBatch('dates', (rows: readonly { at: Date }[]) => rows);
      // @ts-expect-error dates are stored as text
      sales.map(({ at }) => ({ at: new Date(at) })).to(unstored, { mode: 'append' });
      const idle = foreachBatch('idle', async () => {});
      // @ts-expect-error append without a window
      ever.to(idle, { mode: 'append' });
      // @ts-expect-error complete without an aggregation
      sales.to(idle, { mode: 'complete' });
      // @ts-expect-error no function
      sales.to(foreachBatch('sales'), { mode: 'append' });
      // @ts-expect-error a mode is always said
      sales.to(idle);
    });
  });
});
