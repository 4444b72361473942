// What a pipeline should have given, computed the plain way: one pass over the records of a shard in
// the order of its log, a map, and the rules of event time written down once more. Nothing of the
// engine is used here. Whether a record is late depends on the cut into batches, so the cuts come
// from what was committed.

/** One record as the producer wrote it; a packed one is already opened. */
export type RecordText = string;

/** A record, and where and when the stream took it. */
export interface CommittedRecord {
  readonly text: RecordText;
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** From 0 inside a packed record; 0 for a plain one. */
  readonly subSequenceNumber: number;
  /** ISO 8601 in UTC. */
  readonly arrivedAt: string;
}

/** What one commit took, all of it from one shard. */
export interface CommittedBatch {
  /** Name of the source; `null` for a batch without records. */
  readonly source: string | null;
  readonly records: readonly CommittedRecord[];
  /** The clock of whoever committed it. */
  readonly batchTimeMs: number;
}

/** The records of one log as they were committed, batch by batch. */
export type CommittedBatches = readonly CommittedBatch[];

/** A record that was set aside, and why. */
export interface DeadRecord extends CommittedRecord {
  readonly reason: 'not-json' | 'event-time-ahead' | 'poison';
}

/** All that a pipeline shows to the outside. */
export interface Outputs {
  /** Rows of the result table, without the engine's own attributes. */
  readonly table: readonly object[];
  /** Rows of all result files. */
  readonly files: readonly object[];
  readonly late: readonly object[];
  readonly dead: readonly DeadRecord[];
  /** Rows that a function was given, each as often as it has another batch and place. */
  readonly handed: readonly object[];
}

export interface Sale {
  readonly at: number;
  readonly shop: string;
  readonly amount: number;
  readonly note?: string;
  /** A decimal with two digits after the point, some of them too long for a double. */
  readonly price?: string;
}

/** How sales are summed up by shop. */
export interface SalesRules {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly delayMs: number;
  /** Complete mode keeps every window and takes late records. */
  readonly complete: boolean;
  /** Sales of this amount are filtered out before their time is looked at. */
  readonly ignoredAmount?: number;
  /** Whether prices are added up, too. */
  readonly hasPrices?: boolean;
  /** Whether a record ends every process that works on it. */
  readonly isPoison?: (sale: Sale) => boolean;
}

interface Sum {
  readonly shop: string;
  readonly startMs: number;
  readonly sales: number;
  readonly total: number;
  /** Of all prices, in cents. */
  readonly cents: bigint;
}

/** Sales and totals by shop and window. */
export function salesByWindow(shards: readonly CommittedBatches[], rules: SalesRules): Outputs {
  const table: object[] = [];
  const files: object[] = [];
  const late: object[] = [];
  const dead: DeadRecord[] = [];
  for (const batches of shards) {
    const sums = new Map<string, Sum>();
    const closed = new Set<string>();
    let watermarkMs = -Infinity;
    for (const batch of batches) {
      let newestMs = -Infinity;
      for (const record of batch.records) {
        const sale = saleIn(record);
        if (sale !== undefined && sale.amount === rules.ignoredAmount) continue;
        const reason = faultOf(sale, rules);
        if (sale === undefined || reason !== null) {
          dead.push({ ...record, reason: reason ?? 'not-json' });
          continue;
        }
        newestMs = Math.max(newestMs, sale.at);
        const open = startsOf(sale.at, rules).filter(
          (startMs) => rules.complete || startMs + rules.sizeMs > watermarkMs,
        );
        if (open.length === 0) late.push(sale);
        for (const startMs of open) add(sums, sale, startMs);
      }
      watermarkMs = Math.max(watermarkMs, newestMs - rules.delayMs);
      for (const [id, sum] of sums) {
        if (closed.has(id) || sum.startMs + rules.sizeMs > watermarkMs) continue;
        closed.add(id);
        files.push(rowOf(sum, rules));
      }
    }
    for (const sum of sums.values()) table.push(rowOf(sum, rules));
  }
  return { table, files, late, dead, handed: [] };
}

/** Sales and totals by shop since the beginning; no row where the number of sales is even. */
export function runningSales(shards: readonly CommittedBatches[]): Outputs {
  const sums = new Map<string, { shop: string; sales: number; total: number }>();
  const dead: DeadRecord[] = [];
  for (const record of recordsOf(shards)) {
    const sale = saleIn(record);
    if (sale === undefined) {
      dead.push({ ...record, reason: 'not-json' });
      continue;
    }
    const { shop, amount } = sale;
    const { sales, total } = sums.get(shop) ?? { sales: 0, total: 0 };
    sums.set(shop, { shop, sales: sales + 1, total: total + amount });
  }
  const table = [...sums.values()].filter(({ sales }) => sales % 2 !== 0);
  return { table, files: [], late: [], dead, handed: [] };
}

/** Sales and the sum of their prices by shop, as they stand after each batch that has some of the shop. */
export function salesAfterEachBatch(shards: readonly CommittedBatches[]): Outputs {
  const handed: object[] = [];
  const dead: DeadRecord[] = [];
  for (const batches of shards) {
    const sums = new Map<string, { sales: number; cents: bigint }>();
    for (const batch of batches) {
      const shops = new Set<string>();
      for (const record of batch.records) {
        const sale = saleIn(record);
        if (sale === undefined) {
          dead.push({ ...record, reason: 'not-json' });
          continue;
        }
        const { sales, cents } = sums.get(sale.shop) ?? { sales: 0, cents: 0n };
        sums.set(sale.shop, { sales: sales + 1, cents: cents + centsOf(sale) });
        shops.add(sale.shop);
      }
      for (const shop of shops) {
        const { sales, cents } = sums.get(shop)!;
        handed.push({ shop, sales, paid: priceOf(cents) });
      }
    }
  }
  return { table: [], files: [], late: [], dead, handed };
}

/** Every sale of at least `least`, doubled, and the rest of the record as it was. */
export function doubledSales(shards: readonly CommittedBatches[], least: number): Outputs {
  const files: object[] = [];
  const dead: DeadRecord[] = [];
  for (const record of recordsOf(shards)) {
    const sale = saleIn(record);
    if (sale === undefined) dead.push({ ...record, reason: 'not-json' });
    else if (sale.amount >= least) files.push({ ...sale, amount: sale.amount * 2 });
  }
  return { table: [], files, late: [], dead, handed: [] };
}

/** The number that a table shows for an exact one: text where a double would be another number. */
export function numberOf(text: string): number | string {
  const digits = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return String(Number(digits)) === digits ? Number(digits) : digits;
}

/** All records, log by log. */
const recordsOf = (shards: readonly CommittedBatches[]) =>
  shards.flat().flatMap(({ records }) => records);

function faultOf(sale: Sale | undefined, { isPoison }: SalesRules): DeadRecord['reason'] | null {
  if (sale === undefined) return 'not-json';
  if (isPoison?.(sale) === true) return 'poison';
  return isPlausible(sale) ? null : 'event-time-ahead';
}

function add(sums: Map<string, Sum>, sale: Sale, startMs: number): void {
  const { shop, amount } = sale;
  const id = `${startMs} ${shop}`;
  const sum = sums.get(id) ?? { shop, startMs, sales: 0, total: 0, cents: 0n };
  sums.set(id, {
    ...sum,
    sales: sum.sales + 1,
    total: sum.total + amount,
    cents: sum.cents + centsOf(sale),
  });
}

const centsOf = ({ price = '0.00' }: Sale) => BigInt(price.replace('.', ''));

const priceOf = (cents: bigint) => `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;

function startsOf(atMs: number, { sizeMs, slideMs }: SalesRules): number[] {
  const starts: number[] = [];
  const last = Math.floor(atMs / slideMs) * slideMs;
  for (let startMs = last; startMs > atMs - sizeMs; startMs -= slideMs) starts.push(startMs);
  return starts;
}

const rowOf = (
  { shop, startMs, sales, total, cents }: Sum,
  { sizeMs, hasPrices = false }: SalesRules,
) => ({
  shop,
  windowStart: new Date(startMs).toISOString(),
  windowEnd: new Date(startMs + sizeMs).toISOString(),
  sales,
  total,
  ...(hasPrices ? { paid: numberOf(priceOf(cents)) } : {}),
});

/** The sale in a record; `undefined` where it is none. */
export function saleIn({ text }: CommittedRecord): Sale | undefined {
  try {
    return JSON.parse(text) as Sale;
  } catch {
    return undefined;
  }
}

/** Sales of next year cannot have happened yet. */
export const isPlausible = ({ at }: Sale) => typeof at === 'number' && at < Date.UTC(2026, 11, 1);
