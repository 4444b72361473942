// What a run in a real account costs at most: what it makes, for how long, at the published prices.

interface Item {
  readonly what: string;
  readonly quantity: number;
  readonly unit: string;
  /** US dollars for one. */
  readonly price: number;
}

/** Pages of prices, for us-east-1 without free tiers; other regions cost up to twice as much. */
const SOURCES = [
  'https://aws.amazon.com/kinesis/data-streams/pricing/',
  'https://aws.amazon.com/lambda/pricing/',
  'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  'https://aws.amazon.com/s3/pricing/',
  'https://aws.amazon.com/kms/pricing/',
];

const MILLION = 1_000_000;

/** Shards are paid by the begun hour, everything else by use. */
const ITEMS: readonly Item[] = [
  { what: 'Kinesis: 7 streams, 10 shards', quantity: 10, unit: 'shard hours', price: 0.015 },
  { what: 'Lambda: 12 functions', quantity: 1_000, unit: 'GB-seconds', price: 0.0000133334 },
  { what: 'Lambda: invocations', quantity: 2_000, unit: 'requests', price: 0.2 / MILLION },
  { what: 'DynamoDB: 9 tables, writes', quantity: 20_000, unit: 'units', price: 0.625 / MILLION },
  { what: 'DynamoDB: reads', quantity: 100_000, unit: 'units', price: 0.125 / MILLION },
  {
    what: 'S3: 12 buckets, puts and lists',
    quantity: 8_000,
    unit: 'requests',
    price: 0.005 / 1_000,
  },
  { what: 'KMS: keys that AWS manages', quantity: 20_000, unit: 'requests', price: 0.03 / 10_000 },
];

/** The estimate as lines for a person. */
export function formatCost(): string {
  const centsOf = ({ quantity, price }: Item) => quantity * price * 100;
  const total = ITEMS.reduce((sum, item) => sum + centsOf(item), 0);
  const line = (item: Item) =>
    `  ${item.what.padEnd(32)} ${item.quantity.toLocaleString('en-US').padStart(8)} ${item.unit.padEnd(12)} ${centsOf(item).toFixed(1).padStart(6)} cents`;
  return [
    'A run takes about 15 minutes, makes what follows and removes it at its end:',
    ...ITEMS.map(line),
    `  at most about ${Math.ceil(total)} US cents, by ${SOURCES.join(', ')}`,
  ].join('\n');
}
