// Queries that join without a bound in time: q3, q13 and q20.

import { s3, staticRows } from 'rivulet';
import { type NexmarkQuery, nexmark } from '../model.ts';

const STATES: ReadonlySet<string> = new Set(['OR', 'ID', 'CA']);

function localItems() {
  const { auctions, people } = nexmark('q3');
  return auctions
    .filter(({ category }) => category === 10)
    .join(
      people.filter(({ state }) => STATES.has(state)),
      { on: [['seller', 'id']] },
    )
    .map(({ left: auction, right: { name, city, state } }) => ({
      name,
      city,
      state,
      id: auction.id,
    }));
}

/** Who sells in three states, in one category. */
export const q3: NexmarkQuery = {
  pipeline: localItems().to(s3('sellers'), { mode: 'append' }),
  columns: ['name', 'city', 'state', 'id'],
};

const SIDE_ROWS = 10_000;

const sideInput = staticRows(
  'side-input',
  Array.from({ length: SIDE_ROWS }, (_, key) => ({ key, value: String(key) })),
);

/** Bids with a value from a table that does not flow. */
export const q13: NexmarkQuery = {
  pipeline: nexmark('q13')
    .bids.map((bid) => ({ ...bid, sideKey: bid.auction % SIDE_ROWS }))
    .joinStatic(sideInput, { on: [['sideKey', 'key']] })
    .map(({ left: bid, right: { value } }) => ({ ...bid, value }))
    .to(s3('bids'), { mode: 'append' }),
  columns: ['auction', 'bidder', 'price', 'dateTime', 'value'],
};

function bidsWithAuction() {
  const { auctions, bids } = nexmark('q20');
  return bids
    .join(
      auctions.filter(({ category }) => category === 10),
      { on: [['auction', 'id']] },
    )
    .map(({ left: bid, right: auction }) => ({
      ...bid,
      itemName: auction.itemName,
      description: auction.description,
      initialBid: auction.initialBid,
      reserve: auction.reserve,
      openedAt: auction.dateTime,
      expires: auction.expires,
      seller: auction.seller,
      category: auction.category,
      auctionExtra: auction.extra,
    }));
}

/** Bids with their auction, in one category. */
export const q20: NexmarkQuery = {
  pipeline: bidsWithAuction().to(s3('bids'), { mode: 'append' }),
  columns: [
    ...['auction', 'bidder', 'price', 'channel', 'url', 'dateTime', 'extra'],
    ...['itemName', 'description', 'initialBid', 'reserve', 'openedAt', 'expires'],
    ...['seller', 'category', 'auctionExtra'],
  ],
};
