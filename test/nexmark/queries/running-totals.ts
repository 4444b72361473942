// Queries that keep running totals of bids: q15, q16 and q17.

import {
  aggregator,
  count,
  countIf,
  dynamodb,
  map,
  max,
  min,
  type ProcessContext,
  rowsOf,
  s3,
  sum,
  type MapState,
  value,
  type ValueState,
} from 'rivulet';
import { type Bid, dayOf, minuteOf, type NexmarkQuery, nexmark } from '../model.ts';

/** Bands of prices: up to 10,000, up to a million, and above. */
const RANKS = [1, 2, 3] as const;
const rankOf = (price: number) => (price < 10_000 ? 1 : price < 1_000_000 ? 2 : 3);

const COUNTED = ['bids', 'bidders', 'auctions'] as const;

/** Names of the totals in the order of the expected rows: of all bids, then of each band. */
const TOTALS = COUNTED.flatMap((what) => [
  `total_${what}`,
  ...RANKS.map((rank) => `rank${rank}_${what}`),
]);

type Totals = Readonly<Record<string, number>>;
interface TotalState {
  readonly totals: ValueState<Totals>;
  readonly seen: MapState<true>;
}

const totalState = { totals: value<Totals>(), seen: map<true>() };

/** Counts a bid: itself, and its bidder and auction where they are new, in all and in its band. */
function countBid(
  { price, bidder, auction }: Bid,
  { state }: Pick<ProcessContext<unknown, TotalState, unknown>, 'state'>,
): Totals {
  const totals = { ...(state.totals.get() ?? Object.fromEntries(TOTALS.map((name) => [name, 0]))) };
  for (const band of ['total', `rank${rankOf(price)}`]) {
    totals[`${band}_bids`]! += 1;
    for (const [what, id] of [
      [`${band}_bidders`, bidder],
      [`${band}_auctions`, auction],
    ] as const) {
      if (state.seen.get(`${what} ${id}`) !== undefined) continue;
      state.seen.set(`${what} ${id}`, true);
      totals[what]! += 1;
    }
  }
  state.totals.set(totals);
  return totals;
}

/** Bids of each day, and how many bidders and auctions they are of, in all and by price. */
export const q15: NexmarkQuery = {
  pipeline: nexmark('q15')
    .bids.map((bid) => ({ ...bid, day: dayOf(bid.dateTime) }))
    .keyBy('day')
    .process({
      state: totalState,
      emits: rowsOf<Readonly<Record<string, number | string>>>(),
      onRow: (bid, context) => context.emit({ day: bid.day, ...countBid(bid, context) }),
    })
    .to(s3('days'), { mode: 'append' }),
  columns: ['day', ...TOTALS],
  replacedBy: ['day'],
};

/** The same of each channel and day, with the minute of the last bid. */
export const q16: NexmarkQuery = {
  pipeline: nexmark('q16')
    .bids.map((bid) => ({ ...bid, day: dayOf(bid.dateTime) }))
    .keyBy('channel', 'day')
    .process({
      state: { ...totalState, lastAt: value<number>() },
      emits: rowsOf<Readonly<Record<string, number | string>>>(),
      onRow(bid, context) {
        const lastAt = Math.max(bid.dateTime, context.state.lastAt.get() ?? 0);
        context.state.lastAt.set(lastAt);
        const { channel, day } = bid;
        context.emit({ channel, day, minute: minuteOf(lastAt), ...countBid(bid, context) });
      },
    })
    .to(s3('channels'), { mode: 'append' }),
  columns: ['channel', 'day', 'minute', ...TOTALS],
  replacedBy: ['channel', 'day'],
};

/** The average without its fraction. */
const wholeAverage = aggregator({
  zero: () => ({ bids: 0, total: 0 }),
  add: ({ bids, total }, { price }: Bid) => ({ bids: bids + 1, total: total + price }),
  merge: (left, right) => ({ bids: left.bids + right.bids, total: left.total + right.total }),
  result: ({ bids, total }) => Math.floor(total / bids),
});

const ofRank = (rank: number) => countIf(({ price }: Bid) => rankOf(price) === rank);

/** What was bid on each auction and day. */
export const q17: NexmarkQuery = {
  pipeline: nexmark('q17')
    .bids.map((bid) => ({ ...bid, day: dayOf(bid.dateTime) }))
    .keyBy('auction', 'day')
    .aggregate({
      total_bids: count(),
      rank1_bids: ofRank(1),
      rank2_bids: ofRank(2),
      rank3_bids: ofRank(3),
      min_price: min('price'),
      max_price: max('price'),
      avg_price: wholeAverage,
      sum_price: sum('price'),
    })
    .to(dynamodb('auctions'), { mode: 'update' }),
  columns: [
    ...['auction', 'day', 'total_bids', 'rank1_bids', 'rank2_bids', 'rank3_bids'],
    ...['min_price', 'max_price', 'avg_price', 'sum_price'],
  ],
  replacedBy: ['auction', 'day'],
};
