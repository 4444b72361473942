// Queries that look at one bid at a time: q0, q1, q2, q14, q21 and q22.

import { Decimal, s3 } from 'rivulet';
import { type NexmarkQuery, nexmark } from '../model.ts';

/** Passes bids on, to know what that costs. */
export const q0: NexmarkQuery = {
  pipeline: nexmark('q0').bids.to(s3('bids'), { mode: 'append' }),
  columns: ['auction', 'bidder', 'price', 'dateTime', 'extra'],
};

/** Dollars in euros, exactly. */
const inEuros = (price: number) => new Decimal(BigInt(price) * 908n, 3);

/** Prices in euros. */
export const q1: NexmarkQuery = {
  pipeline: nexmark('q1')
    .bids.map((bid) => ({ ...bid, price: inEuros(bid.price) }))
    .to(s3('bids'), { mode: 'append' }),
  columns: ['auction', 'bidder', 'price', 'dateTime', 'extra'],
};

/** Bids on some auctions. */
export const q2: NexmarkQuery = {
  pipeline: nexmark('q2')
    .bids.filter(({ auction }) => auction % 123 === 0)
    .to(s3('bids'), { mode: 'append' }),
  columns: ['auction', 'price'],
};

function timeOfDay(timeMs: number): string {
  const hour = new Date(timeMs).getUTCHours();
  if (hour >= 8 && hour <= 18) return 'dayTime';
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime';
}

/** Bids in a range of prices in euros, with the time of day and a count of letters. */
export const q14: NexmarkQuery = {
  pipeline: nexmark('q14')
    .bids.map((bid) => ({ ...bid, price: inEuros(bid.price) }))
    .filter(({ price: { units } }) => units > 1_000_000_000n && units < 50_000_000_000n)
    .map((bid) => ({
      ...bid,
      bidTimeType: timeOfDay(bid.dateTime),
      c_counts: bid.extra.split('c').length - 1,
    }))
    .to(s3('bids'), { mode: 'append' }),
  columns: ['auction', 'bidder', 'price', 'bidTimeType', 'dateTime', 'extra', 'c_counts'],
};

const CHANNEL_IDS: ReadonlyMap<string, string> = new Map([
  ['apple', '0'],
  ['google', '1'],
  ['facebook', '2'],
  ['baidu', '3'],
]);

function channelIdOf(bid: { readonly channel: string; readonly url: string }): string | undefined {
  return (
    CHANNEL_IDS.get(bid.channel.toLowerCase()) ?? /(?:&|^)channel_id=([^&]*)/.exec(bid.url)?.[1]
  );
}

/** Bids with the id of their channel, where it has one. */
export const q21: NexmarkQuery = {
  pipeline: nexmark('q21')
    .bids.flatMap((bid) => {
      const channel_id = channelIdOf(bid);
      return channel_id === undefined ? [] : [{ ...bid, channel_id }];
    })
    .to(s3('bids'), { mode: 'append' }),
  columns: ['auction', 'bidder', 'price', 'channel', 'channel_id'],
};

/** Bids with the folders of their page. */
export const q22: NexmarkQuery = {
  pipeline: nexmark('q22')
    .bids.map((bid) => {
      const [, , , dir1, dir2, dir3] = bid.url.split('/');
      return { ...bid, dir1, dir2, dir3 };
    })
    .to(s3('bids'), { mode: 'append' }),
  columns: ['auction', 'bidder', 'price', 'channel', 'dir1', 'dir2', 'dir3'],
};
