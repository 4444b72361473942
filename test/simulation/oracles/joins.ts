// Sales and refunds of one amount that lie close together, the sales that no refund met in time, and
// how many of both there were by window: every row is compared with all of the other side, and nothing
// is ever forgotten.

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

interface SideRules {
  readonly source: string;
  readonly delayMs: number;
  /** After so long without a row the side holds the watermark back no more. */
  readonly idleAfterMs: number;
}

export interface JoinRules {
  readonly left: SideRules;
  readonly right: SideRules;
  /** Bounds, both in, of the right row's time less the left row's. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Results are counted by windows of this length. */
  readonly sizeMs: number;
}

interface Result {
  readonly left: Sale;
  readonly right: Sale | null;
}

interface Side {
  readonly rules: SideRules;
  readonly rows: Sale[];
  reachedMs: number | null;
  /** Clock of the last batch with a row of this side. */
  seenAtMs: number;
}

export function joinedSales(logs: readonly CommittedBatches[], rules: JoinRules): Outputs {
  return outputsOf(logs, () => new Join(rules));
}

class Join {
  readonly files: object[] = [];
  readonly late: Sale[] = [];
  readonly dead: DeadRecord[] = [];
  private readonly rules: JoinRules;
  private readonly left: Side;
  private readonly right: Side;
  /** Left rows that are waiting and have met none. */
  private alone = new Set<Sale>();
  private counted: Result[] = [];
  private watermarkMs = 0;

  constructor(rules: JoinRules) {
    this.rules = rules;
    this.left = { rules: rules.left, rows: [], reachedMs: null, seenAtMs: Infinity };
    this.right = { rules: rules.right, rows: [], reachedMs: null, seenAtMs: Infinity };
  }

  take({ source, records, batchTimeMs }: CommittedBatch): void {
    const side = source === this.rules.left.source ? this.left : this.right;
    for (const record of records) {
      const sale = saleIn(record);
      if (sale === undefined) this.dead.push({ ...record, reason: 'not-json' });
      else if (!isPlausible(sale)) this.dead.push({ ...record, reason: 'event-time-ahead' });
      else {
        side.seenAtMs = batchTimeMs;
        side.reachedMs = Math.max(side.reachedMs ?? 0, sale.at - side.rules.delayMs);
        if (sale.at <= this.watermarkMs) this.late.push(sale);
        else this.meet(side, sale);
      }
    }
    this.advance(batchTimeMs);
    for (const left of this.alone) {
      if (left.at + this.rules.toMs >= this.watermarkMs) continue;
      this.give({ left, right: null });
    }
    this.count();
  }

  private give(result: Result): void {
    this.files.push(result);
    this.counted.push(result);
    this.alone.delete(result.left);
  }

  /** Counts what cannot grow any more: a result is given out when the other side has passed it by. */
  private count(): void {
    const { fromMs, toMs, sizeMs } = this.rules;
    const endMsOf = ({ left }: Result) => (Math.floor(left.at / sizeMs) + 1) * sizeMs;
    const idOf = (result: Result) => `${endMsOf(result)} ${result.left.amount}`;
    const reachedMs = this.watermarkMs - Math.max(toMs, -fromMs) - 1;
    const now = this.counted.filter((result) => endMsOf(result) <= reachedMs);
    this.counted = this.counted.filter((result) => !now.includes(result));
    for (const id of new Set(now.map(idOf))) {
      const results = now.filter((result) => idOf(result) === id);
      const endMs = endMsOf(results[0]!);
      this.files.push({
        amount: results[0]!.left.amount,
        windowStart: new Date(endMs - sizeMs).toISOString(),
        windowEnd: new Date(endMs).toISOString(),
        rows: results.length,
        met: results.filter(({ right }) => right !== null).length,
      });
    }
  }

  private meet(side: Side, sale: Sale): void {
    side.rows.push(sale);
    if (side === this.left) this.alone.add(sale);
    const lefts = side === this.left ? [sale] : this.left.rows;
    const rights = side === this.left ? this.right.rows : [sale];
    for (const left of lefts) {
      for (const right of rights) {
        const aheadMs = right.at - left.at;
        const isNear = aheadMs >= this.rules.fromMs && aheadMs <= this.rules.toMs;
        if (left.amount !== right.amount || !isNear) continue;
        this.give({ left, right });
      }
    }
  }

  /** The least that a side has come to, of those that are not idle; nothing before each has come. */
  private advance(batchTimeMs: number): void {
    const sides = [this.left, this.right];
    // Silence before the first row counts from the first batch on.
    for (const side of sides) side.seenAtMs = Math.min(side.seenAtMs, batchTimeMs);
    const isIdle = ({ seenAtMs, rules }: Side) => batchTimeMs - seenAtMs >= rules.idleAfterMs;
    const active = sides.every(isIdle) ? sides : sides.filter((side) => !isIdle(side));
    const reached = active.map(({ reachedMs }) => reachedMs);
    if (reached.includes(null)) return;
    this.watermarkMs = Math.max(this.watermarkMs, Math.min(...reached.map((ms) => ms!)));
  }
}
