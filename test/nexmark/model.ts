// The auction site of Nexmark: people register, open auctions and bid on them, all in one stream.

import { kinesis, type Pipeline, pipeline } from 'rivulet';

export interface Person {
  readonly type: 'person';
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly creditCard: string;
  readonly city: string;
  readonly state: string;
  /** Milliseconds since 1970 UTC, as all times here. */
  readonly dateTime: number;
  readonly extra: string;
}

export interface Auction {
  readonly type: 'auction';
  readonly id: number;
  readonly itemName: string;
  readonly description: string;
  readonly initialBid: number;
  readonly reserve: number;
  readonly dateTime: number;
  readonly expires: number;
  readonly seller: number;
  readonly category: number;
  readonly extra: string;
}

export interface Bid {
  readonly type: 'bid';
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  readonly dateTime: number;
  readonly extra: string;
}

export type NexmarkEvent = Person | Auction | Bid;

/** A query: its pipeline, and how its rows are compared with the expected ones. */
export interface NexmarkQuery {
  readonly pipeline: Pipeline;
  /** Fields in the order of the expected rows. */
  readonly columns: readonly string[];
  /** Fields that name a row which later ones replace; none where rows are only added. */
  readonly replacedBy?: readonly string[];
}

const events = kinesis<NexmarkEvent>('events');

/** The three kinds of events, of one stream with one watermark. */
export function nexmark(query: string) {
  const all = pipeline(`nexmark-${query}`, { inOneTask: true })
    .from(events)
    .withWatermark('dateTime', '4 seconds');
  return {
    people: all.filter((event) => event.type === 'person'),
    auctions: all.filter((event) => event.type === 'auction'),
    bids: all.filter((event) => event.type === 'bid'),
  };
}

/** The day of a time in UTC: `2024-01-01`. */
export const dayOf = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 10);

/** The minute of the day in UTC: `08:00`. */
export const minuteOf = (timeMs: number) => new Date(timeMs).toISOString().slice(11, 16);

/** Which of two bids for one auction wins: the higher, then the earlier, then the lesser bidder. */
export function compareBids(one: Bid, other: Bid): number {
  return other.price - one.price || one.dateTime - other.dateTime || one.bidder - other.bidder;
}
