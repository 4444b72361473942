// Sessions of distinct sales, and how many of them ended in each stretch of time: all sales of a shop
// that are still open are sorted after every batch, and cut where nothing touches.

import {
  type CommittedBatches,
  type DeadRecord,
  isPlausible,
  type Outputs,
  type Sale,
  saleIn,
} from '../oracle.ts';

export interface SessionRules {
  readonly delayMs: number;
  readonly gapMs: number;
  /** Sessions are counted by windows of this length. */
  readonly sizeMs: number;
}

interface Session {
  readonly shop: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly sales: readonly Sale[];
}

export function distinctSessions(
  shards: readonly CommittedBatches[],
  rules: SessionRules,
): Outputs {
  const files: object[] = [];
  const late: object[] = [];
  const dead: DeadRecord[] = [];
  for (const batches of shards) {
    const seen = new Set<string>();
    let open: Sale[] = [];
    let ended: Session[] = [];
    let watermarkMs = 0;
    for (const { records } of batches) {
      let newestMs = -Infinity;
      for (const record of records) {
        const sale = saleIn(record);
        if (sale === undefined) dead.push({ ...record, reason: 'not-json' });
        else if (!isPlausible(sale)) dead.push({ ...record, reason: 'event-time-ahead' });
        else {
          newestMs = Math.max(newestMs, sale.at);
          const id = `${sale.at} ${sale.shop}`;
          if (sale.at <= watermarkMs) late.push(sale);
          else if (!seen.has(id)) open.push(sale);
          if (sale.at > watermarkMs) seen.add(id);
        }
      }
      watermarkMs = Math.max(watermarkMs, newestMs - rules.delayMs);
      for (const session of sessionsOf(open, rules.gapMs)) {
        if (session.endMs > watermarkMs) continue;
        files.push(sessionRow(session));
        ended.push(session);
        open = open.filter((sale) => !session.sales.includes(sale));
      }
      const [now, later] = splitBy(ended, (each) => windowEndOf(each, rules.sizeMs) <= watermarkMs);
      files.push(...windowRows(now, rules.sizeMs));
      ended = later;
    }
  }
  return { table: [], files, late, dead, handed: [] };
}

/** Sales of one shop belong together when they are no further apart than the gap. */
function sessionsOf(sales: readonly Sale[], gapMs: number): Session[] {
  const sessions: Session[] = [];
  for (const sale of sales.toSorted((left, right) => left.at - right.at)) {
    const index = sessions.findIndex(({ shop, endMs }) => shop === sale.shop && sale.at <= endMs);
    const { shop, at: startMs } = sale;
    const before = sessions[index] ?? { shop, startMs, sales: [] };
    const session = { ...before, endMs: sale.at + gapMs, sales: [...before.sales, sale] };
    if (index === -1) sessions.push(session);
    else sessions[index] = session;
  }
  return sessions;
}

/** A session counts where its last moment lies. */
const windowEndOf = ({ endMs }: Session, sizeMs: number) => Math.ceil(endMs / sizeMs) * sizeMs;

const splitBy = (sessions: readonly Session[], isFirst: (session: Session) => boolean) =>
  [sessions.filter(isFirst), sessions.filter((each) => !isFirst(each))] as const;

const sessionRow = ({ shop, startMs, endMs, sales }: Session) => ({
  shop,
  windowStart: new Date(startMs).toISOString(),
  windowEnd: new Date(endMs).toISOString(),
  sales: sales.length,
  total: totalOf(sales),
});

function windowRows(sessions: readonly Session[], sizeMs: number): object[] {
  const rows = new Map<string, { sessions: number; most: number }>();
  for (const session of sessions) {
    const endMs = windowEndOf(session, sizeMs);
    const bounds = [endMs - sizeMs, endMs].map((ms) => new Date(ms).toISOString());
    const [windowStart, windowEnd] = bounds;
    const id = JSON.stringify({ shop: session.shop, windowStart, windowEnd });
    const row = rows.get(id) ?? { sessions: 0, most: 0 };
    const most = Math.max(row.most, session.sales.length);
    rows.set(id, { sessions: row.sessions + 1, most });
  }
  return [...rows].map(([id, row]) => ({ ...JSON.parse(id), ...row }));
}

const totalOf = (sales: readonly Sale[]) => sales.reduce((sum, { amount }) => sum + amount, 0);
