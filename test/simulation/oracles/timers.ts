// Counts of sales that a timer or every third sale gives out, and the silence behind them: a plain map
// of each, and a walk over all keys after every batch.

import {
  type CommittedBatch,
  type CommittedBatches,
  type DeadRecord,
  isPlausible,
  type Outputs,
  type Sale,
  saleIn,
} from '../oracle.ts';
import { outputsOf } from './outputs.ts';

export interface TimerRules {
  readonly delayMs: number;
  /** A timer rings this long after the sale that set it. */
  readonly afterMs: number;
  /** A count is forgotten so long after it was written, by the clock of the batches. */
  readonly ttlMs: number;
  /** A shop of which no count comes for so long is silent, by the same clock. */
  readonly silenceMs: number;
}

export interface Report {
  readonly shop: string;
  readonly rangAt: number | null;
  readonly sales: number;
}

interface Counting {
  readonly timers: readonly number[];
  readonly count: { readonly sales: number; readonly untilMs: number } | null;
}

interface Reported {
  readonly reports: number;
  readonly silentMs: number;
}

export function reportsOfTimers(shards: readonly CommittedBatches[], rules: TimerRules): Outputs {
  return outputsOf(shards, () => new Log(rules));
}

class Log {
  readonly files: object[] = [];
  readonly late: Sale[] = [];
  readonly dead: DeadRecord[] = [];
  private readonly rules: TimerRules;
  private readonly counting = new Map<string, Counting>();
  private readonly reported = new Map<string, Reported>();
  private watermarkMs = 0;

  constructor(rules: TimerRules) {
    this.rules = rules;
  }

  take({ records, batchTimeMs }: CommittedBatch): void {
    let newestMs = -Infinity;
    const reports: Report[] = [];
    for (const record of records) {
      const sale = saleIn(record);
      if (sale === undefined) this.dead.push({ ...record, reason: 'not-json' });
      else if (!isPlausible(sale)) this.dead.push({ ...record, reason: 'event-time-ahead' });
      else {
        newestMs = Math.max(newestMs, sale.at);
        if (sale.at <= this.watermarkMs) this.late.push(sale);
        else reports.push(...this.count(sale, batchTimeMs));
      }
    }
    this.add(reports, batchTimeMs);
    const heard = new Set(reports.map(({ shop }) => shop));
    for (const [shop, { reports: count, silentMs }] of this.reported) {
      if (heard.has(shop) || silentMs >= batchTimeMs) continue;
      this.files.push({ shop, reported: count, isSilent: true });
      this.reported.delete(shop);
    }
    this.watermarkMs = Math.max(this.watermarkMs, newestMs - this.rules.delayMs);
    this.add(this.ring(batchTimeMs), batchTimeMs);
  }

  /** Counts a sale; every third one gives a report and takes the timers away. */
  private count({ shop, at }: Sale, batchTimeMs: number): readonly Report[] {
    const { timers } = this.counting.get(shop) ?? { timers: [] };
    const sales = this.countOf(shop, batchTimeMs) + 1;
    if (sales === 3) {
      this.counting.delete(shop);
      return [{ shop, rangAt: null, sales }];
    }
    const count = { sales, untilMs: batchTimeMs + this.rules.ttlMs };
    this.counting.set(shop, { timers: [...timers, at + this.rules.afterMs], count });
    return [];
  }

  private countOf(shop: string, batchTimeMs: number): number {
    const count = this.counting.get(shop)?.count ?? null;
    return count === null || count.untilMs <= batchTimeMs ? 0 : count.sales;
  }

  /** Fires each timer that the watermark has reached, once; what a shop has sold is not changed by it. */
  private ring(batchTimeMs: number): readonly Report[] {
    const reports: Report[] = [];
    for (const [shop, { timers, count }] of this.counting) {
      const due = new Set(timers.filter((timeMs) => timeMs <= this.watermarkMs));
      const sales = this.countOf(shop, batchTimeMs);
      for (const rangAt of due) reports.push({ shop, rangAt, sales });
      this.counting.set(shop, { timers: timers.filter((timeMs) => !due.has(timeMs)), count });
    }
    return reports;
  }

  private add(reports: readonly Report[], batchTimeMs: number): void {
    this.files.push(...reports);
    for (const shop of new Set(reports.map((report) => report.shop))) {
      const added = reports.filter((report) => report.shop === shop).length;
      const reported = (this.reported.get(shop)?.reports ?? 0) + added;
      const silentMs = batchTimeMs + this.rules.silenceMs;
      this.reported.set(shop, { reports: reported, silentMs });
      this.files.push({ shop, reported, isSilent: false });
    }
  }
}
