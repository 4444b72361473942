// Queries that keep some rows of each key: q18 the last one, q19 the ten greatest.

import { dynamodb, rowsOf, s3, value } from 'rivulet';
import { type Bid, compareBids, type NexmarkQuery, nexmark } from '../model.ts';

const isLater = (one: Bid, other: Bid) =>
  one.dateTime > other.dateTime || (one.dateTime === other.dateTime && compareBids(one, other) < 0);

/** The last bid of each bidder on each auction. */
export const q18: NexmarkQuery = {
  pipeline: nexmark('q18')
    .bids.keyBy('bidder', 'auction')
    .reduce((last, next) => (isLater(next, last) ? next : last))
    .to(dynamodb('bids'), { mode: 'update' }),
  columns: ['auction', 'bidder', 'price', 'channel', 'url', 'dateTime', 'extra'],
  replacedBy: ['bidder', 'auction'],
};

const BIDS_KEPT = 10;

/** The ten highest bids of each auction, with their places. */
export const q19: NexmarkQuery = {
  pipeline: nexmark('q19')
    .bids.keyBy('auction')
    .process({
      state: { highest: value<readonly Bid[]>() },
      emits: rowsOf<Bid & { readonly rank_number: number }>(),
      onRow(bid, { state, emit }) {
        const before = state.highest.get() ?? [];
        const highest = [...before, bid].sort(compareBids).slice(0, BIDS_KEPT);
        const place = highest.indexOf(bid);
        if (place < 0) return;
        state.highest.set(highest);
        highest.slice(place).forEach((each, index) => {
          emit({ ...each, rank_number: place + index + 1 });
        });
      },
    })
    .to(s3('bids'), { mode: 'append' }),
  columns: [
    ...['auction', 'bidder', 'price', 'channel', 'url', 'dateTime', 'extra'],
    'rank_number',
  ],
  replacedBy: ['auction', 'rank_number'],
};
