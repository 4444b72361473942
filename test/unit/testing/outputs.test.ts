import { describe, expect, it } from 'vitest';
import { decimal, dynamodb, kinesis, pipeline, sum } from '../../../lib/index.ts';
import type { AttributeJson } from '../../../lib/model/commit.ts';
import {
  type CommittedOutput,
  collectOutputs,
  decimalFieldsOf,
  differenceOf,
} from '../../../lib/testing/outputs.ts';

interface Sale {
  readonly shop: string;
  readonly amount: string;
  readonly miles: number;
}

const SINK = 'dynamodb-takings';
const TOLERANCE = 1e-9;

const plan = pipeline('takings')
  .from(kinesis<Sale>('sales').partitionedBy('shop'))
  .keyBy('shop')
  .aggregate({ total: sum(decimal('amount', { scale: 2 })), miles: sum('miles') })
  .to(dynamodb('takings'), { mode: 'update' })
  .plan();

/** What a table holds when this row was committed last. */
function tableWith(fields: Readonly<Record<string, AttributeJson>>) {
  const put = { pk: { S: 'north' }, sk: { S: '-' }, shop: { S: 'north' }, ...fields };
  const bytes = Buffer.from(`${JSON.stringify({ put })}\n`, 'utf8');
  const output: CommittedOutput = { sinkUid: SINK, role: 'rows', kind: 'dynamodb', bytes };
  return collectOutputs([output], new Set(), decimalFieldsOf(plan));
}

const isSame = (
  left: Readonly<Record<string, AttributeJson>>,
  right: Readonly<Record<string, AttributeJson>>,
  tolerance: number,
) => differenceOf(tableWith(left), tableWith(right), tolerance) === null;

describe('two results of one row', () => {
  it.each<readonly [string, string, string, string, boolean]>([
    ['one decimal, written twice', 'total', '12.30', '12.3', true],
    ['decimals that no double tells apart', 'total', '12345678901.12', '12345678901.13', false],
    ['decimals beyond doubles', 'total', '99999999999999999.01', '99999999999999999.02', false],
    ['doubles that were added in another order', 'miles', '0.6', '0.6000000000000001', true],
    ['doubles further apart', 'miles', '0.6', '0.600001', false],
    ['whole numbers, which do not round', 'miles', '5000000000001', '5000000000000', false],
    ['numbers that are no doubles', 'miles', '99999999999999999.01', '99999999999999999.02', false],
  ])('%s', (_, field, one, other, same) => {
    expect(isSame({ [field]: { N: one } }, { [field]: { N: other } }, TOLERANCE)).toBe(same);
  });

  it('doubles are the same only to the last bit where the order is the same', () => {
    const [one, other] = [{ miles: { N: '0.6' } }, { miles: { N: '0.6000000000000001' } }];
    expect(isSame(one, other, 0)).toBe(false);
  });

  it('a report shows decimals as text, and doubles as numbers', () => {
    const rows = tableWith({ total: { N: '12.30' }, miles: { N: '0.5' } }).tables.get(SINK);
    expect([...rows!.values()]).toEqual([{ shop: 'north', total: '12.3', miles: 0.5 }]);
  });
});
