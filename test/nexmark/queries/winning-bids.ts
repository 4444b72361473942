// Queries about the highest bid of each auction while it is open: q4 and q9.

import { rowsOf, s3, value } from 'rivulet';
import { type Auction, type Bid, compareBids, type NexmarkQuery, nexmark } from '../model.ts';

/** No auction is open for longer, so that bids and auctions need not be kept for ever. */
const OPEN_AT_MOST = '10 days';

interface Winner {
  readonly auction: Auction;
  readonly bid: Bid;
  /** What the winning price was before. */
  readonly before: number | null;
}

/** The bid that wins an auction, again whenever a better one came. */
function winningBids(query: string) {
  const { auctions, bids } = nexmark(query);
  return auctions
    .join(bids, {
      on: [['id', 'auction']],
      within: { from: '0 seconds', to: OPEN_AT_MOST },
      where: (auction, bid) => bid.dateTime <= auction.expires,
    })
    .keyBy(({ left: auction }) => auction.id)
    .process({
      state: { best: value<Bid>() },
      emits: rowsOf<Winner>(),
      onRow({ left: auction, right: bid }, { state, emit }) {
        const best = state.best.get();
        if (best !== undefined && compareBids(best, bid) < 0) return;
        state.best.set(bid);
        emit({ auction, bid, before: best?.price ?? null });
      },
    });
}

/** The average of the winning prices of each category. */
export const q4: NexmarkQuery = {
  pipeline: winningBids('q4')
    .map(({ auction: { category }, bid: { price }, before }) => ({ category, price, before }))
    .keyBy('category')
    .process({
      state: { total: value<{ readonly prices: number; readonly auctions: number }>() },
      emits: rowsOf<{ readonly category: number; readonly average: number }>(),
      onRow({ category, price, before }, { state, emit }) {
        const total = state.total.get() ?? { prices: 0, auctions: 0 };
        const prices = total.prices + price - (before ?? 0);
        const auctions = total.auctions + (before === null ? 1 : 0);
        state.total.set({ prices, auctions });
        emit({ category, average: Math.floor(prices / auctions) });
      },
    })
    .to(s3('categories'), { mode: 'append' }),
  columns: ['category', 'average'],
  replacedBy: ['category'],
};

/** The winning bid of each auction. */
export const q9: NexmarkQuery = {
  pipeline: winningBids('q9')
    .map(({ auction, bid }) => ({
      ...auction,
      auction: bid.auction,
      bidder: bid.bidder,
      price: bid.price,
      bidAt: bid.dateTime,
      bidExtra: bid.extra,
    }))
    .to(s3('auctions'), { mode: 'append' }),
  columns: [
    ...['id', 'itemName', 'description', 'initialBid', 'reserve', 'dateTime', 'expires'],
    ...['seller', 'category', 'extra', 'auction', 'bidder', 'price', 'bidAt', 'bidExtra'],
  ],
  replacedBy: ['id'],
};
