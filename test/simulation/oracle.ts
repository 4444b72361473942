// What a pipeline should have given, computed the plain way: one pass over the records of a shard in
// the order of its log, a map, and the rules of event time written down once more. Nothing of the
// engine is used here. Whether a record is late depends on the cut into batches, so the cuts come
// from what was committed.

/** One record as the producer wrote it; a packed one is already opened. */
export type RecordText = string;

/** The records of one shard as they were committed, batch by batch. */
export type CommittedBatches = readonly (readonly RecordText[])[];

/** All that a pipeline shows to the outside. */
export interface Outputs {
  /** Rows of the result table, without the engine's own attributes. */
  readonly table: readonly object[];
  /** Rows of all result files. */
  readonly files: readonly object[];
  readonly late: readonly object[];
  /** Dead letters: the text of each record. */
  readonly dead: readonly string[];
}

export interface Sale {
  readonly at: number;
  readonly shop: string;
  readonly amount: number;
  readonly note?: string;
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
  /** Whether a record ends every process that works on it. */
  readonly isPoison?: (sale: Sale) => boolean;
}

interface Sum {
  readonly shop: string;
  readonly startMs: number;
  readonly sales: number;
  readonly total: number;
}

/** Sales and totals by shop and window. */
export function salesByWindow(shards: readonly CommittedBatches[], rules: SalesRules): Outputs {
  const table: object[] = [];
  const files: object[] = [];
  const late: object[] = [];
  const dead: string[] = [];
  for (const batches of shards) {
    const sums = new Map<string, Sum>();
    const closed = new Set<string>();
    let watermarkMs = -Infinity;
    for (const batch of batches) {
      let newestMs = -Infinity;
      for (const text of batch) {
        const sale = saleIn(text);
        if (sale !== undefined && sale.amount === rules.ignoredAmount) continue;
        if (sale === undefined || rules.isPoison?.(sale) === true || !isPlausible(sale)) {
          dead.push(text);
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
  return { table, files, late, dead };
}

/** Sales and totals by shop since the beginning; no row where the number of sales is even. */
export function runningSales(shards: readonly CommittedBatches[]): Outputs {
  const sums = new Map<string, { shop: string; sales: number; total: number }>();
  const dead: string[] = [];
  for (const text of shards.flat(2)) {
    const sale = saleIn(text);
    if (sale === undefined) {
      dead.push(text);
      continue;
    }
    const { shop, amount } = sale;
    const { sales, total } = sums.get(shop) ?? { sales: 0, total: 0 };
    sums.set(shop, { shop, sales: sales + 1, total: total + amount });
  }
  const table = [...sums.values()].filter(({ sales }) => sales % 2 !== 0);
  return { table, files: [], late: [], dead };
}

/** Every sale of at least `least`, doubled, and the rest of the record as it was. */
export function doubledSales(shards: readonly CommittedBatches[], least: number): Outputs {
  const files: object[] = [];
  const dead: string[] = [];
  for (const text of shards.flat(2)) {
    const sale = saleIn(text);
    if (sale === undefined) dead.push(text);
    else if (sale.amount >= least) files.push({ ...sale, amount: sale.amount * 2 });
  }
  return { table: [], files, late: [], dead };
}

function add(sums: Map<string, Sum>, { shop, amount }: Sale, startMs: number): void {
  const id = `${startMs} ${shop}`;
  const sum = sums.get(id) ?? { shop, startMs, sales: 0, total: 0 };
  sums.set(id, { ...sum, sales: sum.sales + 1, total: sum.total + amount });
}

function startsOf(atMs: number, { sizeMs, slideMs }: SalesRules): number[] {
  const starts: number[] = [];
  const last = Math.floor(atMs / slideMs) * slideMs;
  for (let startMs = last; startMs > atMs - sizeMs; startMs -= slideMs) starts.push(startMs);
  return starts;
}

const rowOf = ({ shop, startMs, sales, total }: Sum, { sizeMs }: SalesRules) => ({
  shop,
  windowStart: new Date(startMs).toISOString(),
  windowEnd: new Date(startMs + sizeMs).toISOString(),
  sales,
  total,
});

function saleIn(text: RecordText): Sale | undefined {
  try {
    return JSON.parse(text) as Sale;
  } catch {
    return undefined;
  }
}

/** Sales of next year cannot have happened yet. */
const isPlausible = ({ at }: Sale) => typeof at === 'number' && at < Date.UTC(2026, 11, 1);
