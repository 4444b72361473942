// Queries that keep running totals of bids: q15, q16 and q17.

import { aggregator, count, countIf, dynamodb, max, min, sum } from 'rivulet';
import { type Bid, dayOf, minuteOf, type NexmarkQuery, nexmark } from '../model.ts';

/** Bands of prices: up to 10,000, up to a million, and above. */
const rankOf = (price: number) => (price < 10_000 ? 1 : price < 1_000_000 ? 2 : 3);

/** Names of the totals in the order of the expected rows: of all bids, then of each band. */
const TOTALS = ['bids', 'bidders', 'auctions'].flatMap((what) =>
  ['total', 'rank1', 'rank2', 'rank3'].map((band) => `${band}_${what}`),
);

const bandsOf = ({ price }: Bid) => ['total', `rank${rankOf(price)}`];

/** A bid once for each of the totals that it counts in, where it is the first of its bidder or auction. */
function countedBids(query: string) {
  const bids = nexmark(query).bids.map((bid) => ({ ...bid, day: dayOf(bid.dateTime) }));
  const each = bids.flatMap((bid) =>
    bandsOf(bid).map((band) => ({ ...bid, id: 0, total: `${band}_bids` })),
  );
  const others = bids.flatMap((bid) =>
    bandsOf(bid).flatMap((band) => [
      { ...bid, id: bid.bidder, total: `${band}_bidders` },
      { ...bid, id: bid.auction, total: `${band}_auctions` },
    ]),
  );
  return { each, others };
}

const totals = Object.fromEntries(
  TOTALS.map((name) => [
    name,
    countIf((counted: { readonly total: string }) => counted.total === name),
  ]),
);

function totalsByDay() {
  const { each, others } = countedBids('q15');
  return each
    .union(others.dropDuplicates('day', 'total', 'id'))
    .keyBy('day')
    .aggregate(totals);
}

/** Bids of each day, and how many bidders and auctions they are of, in all and by price. */
export const q15: NexmarkQuery = {
  pipeline: totalsByDay().to(dynamodb('days'), { mode: 'update' }),
  columns: ['day', ...TOTALS],
  replacedBy: ['day'],
};

const lastMinute = aggregator({
  zero: () => 0,
  add: (lastMs, { dateTime }: Bid) => Math.max(lastMs, dateTime),
  merge: (left, right) => Math.max(left, right),
  result: minuteOf,
});

function totalsByChannel() {
  const { each, others } = countedBids('q16');
  return each
    .union(others.dropDuplicates('channel', 'day', 'total', 'id'))
    .keyBy('channel', 'day')
    .aggregate({ minute: lastMinute, ...totals });
}

/** The same of each channel and day, with the minute of the last bid. */
export const q16: NexmarkQuery = {
  pipeline: totalsByChannel().to(dynamodb('channels'), { mode: 'update' }),
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
