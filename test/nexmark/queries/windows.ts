// Queries over windows of event time: q5, q7, q8 and q11.

import { aggregator, count, instants, max, s3, session, sliding, tumbling } from 'rivulet';
import { type NexmarkQuery, nexmark } from '../model.ts';

interface AuctionCount {
  readonly auction: number;
  readonly num: number;
}

/** The auctions with the most bids; all of them where several have as many. */
const hottest = aggregator({
  zero: (): readonly AuctionCount[] => [],
  add: (most, { auction, num }: AuctionCount) => hotter(most, [{ auction, num }]),
  merge: (left, right) => hotter(left, right),
  result: (most) => most,
});

function hotter(
  left: readonly AuctionCount[],
  right: readonly AuctionCount[],
): readonly AuctionCount[] {
  const [leftMost = 0, rightMost = 0] = [left[0]?.num, right[0]?.num];
  if (leftMost === rightMost) return [...left, ...right];
  return leftMost > rightMost ? left : right;
}

/** The auctions with the most bids in ten seconds, every two seconds. */
export const q5: NexmarkQuery = {
  pipeline: nexmark('q5')
    .bids.keyBy('auction')
    .window(sliding('10 seconds', '2 seconds'))
    .aggregate({ num: count() })
    .map(({ auction, num, windowStart, windowEnd }) => ({
      auction,
      num,
      starttime: Date.parse(windowStart),
      endtime: Date.parse(windowEnd),
    }))
    // The counts of one window have one event time, its last moment.
    .keyBy('starttime', 'endtime')
    .window(instants())
    .aggregate({ hottest })
    .flatMap(({ hottest, starttime, endtime }) =>
      hottest.map((most) => ({ ...most, starttime, endtime })),
    )
    .to(s3('auctions'), { mode: 'append' }),
  columns: ['auction', 'num', 'starttime', 'endtime'],
};

function highestBids() {
  const { bids } = nexmark('q7');
  const highest = bids
    .groupAll()
    .window(tumbling('10 seconds'))
    .aggregate({ price: max('price') })
    .map(({ price, windowStart, windowEnd }) => ({
      price,
      start: Date.parse(windowStart),
      end: Date.parse(windowEnd),
    }));
  return bids
    .join(highest, {
      on: 'price',
      within: { from: '0 seconds', to: '10 seconds' },
      where: ({ dateTime }, { start, end }) => start <= dateTime && dateTime < end,
    })
    .map(({ left: bid }) => bid);
}

/** The highest bids of each ten seconds. */
export const q7: NexmarkQuery = {
  pipeline: highestBids().to(s3('bids'), { mode: 'append' }),
  columns: ['auction', 'price', 'bidder', 'dateTime', 'extra'],
};

function newSellers() {
  const { people, auctions } = nexmark('q8');
  const registered = people
    .keyBy('id', 'name')
    .window(tumbling('10 seconds'))
    .aggregate({ times: count() });
  const sellers = auctions
    .keyBy('seller')
    .window(tumbling('10 seconds'))
    .aggregate({ opened: count() });
  return registered
    .join(sellers, { on: [['id', 'seller']], window: tumbling('10 seconds') })
    .map(({ left: { id, name }, windowStart }) => ({
      id,
      name,
      starttime: Date.parse(windowStart),
    }));
}

/** People who opened an auction in the ten seconds in which they registered. */
export const q8: NexmarkQuery = {
  pipeline: newSellers().to(s3('people'), { mode: 'append' }),
  columns: ['id', 'name', 'starttime'],
};

/** Bids of each bidder while they come without a pause of ten seconds. */
export const q11: NexmarkQuery = {
  pipeline: nexmark('q11')
    .bids.keyBy('bidder')
    .window(session('10 seconds'))
    .aggregate({ bid_count: count() })
    .map(({ bidder, bid_count, windowStart, windowEnd }) => ({
      bidder,
      bid_count,
      starttime: Date.parse(windowStart),
      endtime: Date.parse(windowEnd),
    }))
    .to(s3('sessions'), { mode: 'append' }),
  columns: ['bidder', 'bid_count', 'starttime', 'endtime'],
};
