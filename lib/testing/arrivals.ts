// In which order and when events arrive. Distributed producers keep no order among each other, so any
// order is fair that leaves no event behind by more than the watermark's delay: that is what the delay
// of a pipeline declares.

import { BY_ARRIVAL, type Plan, type WatermarkNode } from '../plan/plan.ts';
import type { PreparedEvent } from './events.ts';
import { type Chance, chanceOf } from './faults/chance.ts';

/** How freely events may change places. */
export type ArrivalOrder = 'any' | 'given';

/** An event by its place among those given, and when it arrives after the start of the run. */
export interface EventArrival {
  readonly event: number;
  readonly atMs: number;
}

/** Time between two arrivals and how many records an invocation gets. */
export interface Pace {
  readonly gapMs: number;
  readonly batchSize: number;
}

export const PACES: readonly Pace[] = [
  { gapMs: 1, batchSize: 100 },
  { gapMs: 20, batchSize: 3 },
  { gapMs: 500, batchSize: 10 },
  { gapMs: 4_000, batchSize: 10 },
];

export class Arrivals {
  /** When the run begins: no event of ours lies ahead of its arrival by mistake. */
  readonly startMs: number;
  /** Whether results must not depend on the order in which a seed lets events arrive. */
  readonly isFree: boolean;
  /** Whether some event is behind in the order of the calm run, so that cuts decide which are late. */
  readonly hasLate: boolean;
  private readonly events: readonly PreparedEvent[];
  private readonly delayMs: number | null;

  constructor(plan: Plan, events: readonly PreparedEvent[], order: ArrivalOrder) {
    this.events = events;
    this.delayMs = delayOf(plan);
    const hasTimes = events.some(({ atMs }) => atMs !== null);
    const isWide = events.some(
      ({ times }) => times !== null && times.maxMs - times.minMs > (this.delayMs ?? 0),
    );
    this.isFree = order === 'any' && this.delayMs !== null && !hasTimes && !isWide;
    this.startMs = startOf(events);
    this.hasLate = !this.isFree && this.isSomeBehind();
  }

  /** The arrivals of a run without faults. */
  calm(pace: Pace): readonly EventArrival[] {
    const order = this.isFree
      ? this.byTime(({ times }) => times!.minMs)
      : this.events.map((_, event) => event);
    return this.timed(order, pace);
  }

  /** The arrivals that a seed stands for. */
  ofSeed(seed: number, pace: Pace): readonly EventArrival[] {
    const chance = chanceOf(seed, 'arrivals');
    if (!this.isFree || chance.percent(20)) return this.calm(pace);
    const delayMs = chance.pick([this.delayMs!, Math.floor(this.delayMs! / 10)]);
    const order = this.byTime(({ times }) => {
      const roomMs = Math.max(0, delayMs - (times!.maxMs - times!.minMs));
      return times!.maxMs + spread(chance, roomMs);
    });
    return this.timed(order, pace);
  }

  /** Sorts by a time; an event that has none stays behind the one before it. */
  private byTime(timeOf: (event: PreparedEvent) => number): number[] {
    let beforeMs = Number.NEGATIVE_INFINITY;
    const keyed = this.events.map((event, index) => {
      if (event.times !== null) beforeMs = timeOf(event);
      return { index, timeMs: beforeMs };
    });
    return keyed
      .sort((left, right) =>
        left.timeMs === right.timeMs
          ? left.index - right.index
          : left.timeMs < right.timeMs
            ? -1
            : 1,
      )
      .map(({ index }) => index);
  }

  private timed(order: readonly number[], { gapMs }: Pace): readonly EventArrival[] {
    let atMs = 0;
    return order.map((event, place) => {
      const stated = this.events[event]!.atMs;
      // Two that arrive at one moment would come in any order.
      if (stated !== null) atMs = Math.max(place === 0 ? 0 : atMs + 1, stated - this.startMs);
      else if (place > 0) atMs += gapMs;
      return { event, atMs };
    });
  }

  private isSomeBehind(): boolean {
    let maxMs = Number.NEGATIVE_INFINITY;
    return this.events.some(({ times }) => {
      if (times === null) return false;
      const isBehind = times.minMs < maxMs - (this.delayMs ?? 0);
      maxMs = Math.max(maxMs, times.maxMs);
      return isBehind;
    });
  }
}

/** An integer up to `max`, also where `max` is more than one draw can give. */
const spread = (chance: Chance, max: number) =>
  Math.floor((chance.below(2 ** 32) / 2 ** 32) * (max + 1));

/**
 * The delay of the watermark where results are meant to be free of order: aggregates that are defined
 * by the order of arrival bind their pipeline to it.
 */
function delayOf(plan: Plan): number | null {
  const watermark = plan.nodes.find((node): node is WatermarkNode => node.kind === 'watermark');
  return watermark?.delayMs ?? null;
}

/** Whether some result is defined by the order of arrival. */
export const isOrdered = (plan: Plan): boolean =>
  plan.nodes.some(
    (node) =>
      node.kind === 'aggregate' &&
      Object.values(node.aggregates).some(({ kind }) => BY_ARRIVAL.has(kind)),
  );

/** Times that are further ahead than anybody's clock are left to the pipeline's own check. */
const LATEST_START_MS = Date.UTC(2100, 0, 1);
const DEFAULT_START_MS = Date.UTC(2026, 0, 1);

function startOf(events: readonly PreparedEvent[]): number {
  const stated = events.find(({ atMs }) => atMs !== null)?.atMs;
  if (stated !== undefined && stated !== null) return stated;
  const times = events
    .flatMap(({ times }) => (times === null ? [] : [times.maxMs]))
    .filter((timeMs) => timeMs < LATEST_START_MS);
  return times.reduce((latest, timeMs) => Math.max(latest, timeMs), DEFAULT_START_MS);
}
