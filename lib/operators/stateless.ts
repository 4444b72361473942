// Operators without state: map, filter and flatMap of the user, and the declaration of event time.
// What user code throws, or returns against its type, is a fault of that one record.

import type { EventTimeNode, MapNode, ProcessingTimeNode, WatermarkNode } from '../plan/plan.ts';
import { isAhead, parseEventTime } from '../time/event-time.ts';
import type { Pass, Push } from './pass.ts';
import { faultOf, operatorFailed, operatorReturned } from './record-fault.ts';
import { readerOf, selectorText } from './selector.ts';

/** Wires a map, filter or flat-map in front of `next`. */
export function createMapping(node: MapNode, next: Push): Push {
  const { uid } = node;
  const apply = node.apply as (row: unknown) => unknown;
  const call = (row: unknown): unknown => {
    let value: unknown;
    try {
      value = apply(row);
    } catch (thrown) {
      throw operatorFailed(uid, thrown);
    }
    if (value instanceof Promise) throw operatorReturned(uid, 'is asynchronous');
    return value;
  };
  switch (node.kind) {
    case 'filter':
      return (row, timeMs) => {
        if (call(row)) next(row, timeMs);
      };
    case 'map':
      return (row, timeMs) => {
        const value = call(row);
        if (value === undefined) throw operatorReturned(uid, 'returned undefined');
        next(value, timeMs);
      };
    case 'flat-map':
      return (row, timeMs) => {
        for (const value of rowsOf(call(row), uid)) {
          if (value === undefined) throw operatorReturned(uid, 'returned an undefined row');
          next(value, timeMs);
        }
      };
  }
}

/** Reads event time and lets it move the watermark; rows without a valid time are faults. */
export function createWatermark(node: WatermarkNode, next: Push, pass: Pass): Push {
  const clock = pass.addClock({ ...node, byBatch: false });
  const readTime = timeReaderOf(node);
  const name = `the event time, ${selectorText(node.time)},`;
  return (row) => {
    const time = readTime(row);
    if (isAhead(time, pass.arrivedAtMs, node.maxAheadMs)) {
      throw faultOf(
        'event-time-ahead',
        `${name} lies more than ${node.maxAheadMs} ms ahead of the arrival; is it in ${node.unit}?`,
      );
    }
    clock.see(time);
    next(row, time);
  };
}

/** Takes another of the row's times as its event time; the watermark does not move by it. */
export function createEventTime(node: EventTimeNode | WatermarkNode, next: Push): Push {
  const readTime = timeReaderOf(node);
  return (row) => next(row, readTime(row));
}

/** Gives rows the time of their batch; the watermark follows the clock, so that no row is late. */
export function createProcessingTime(node: ProcessingTimeNode, next: Push, pass: Pass): Push {
  pass.addClock({ uid: node.uid, delayMs: 0, idleTimeoutMs: null, byBatch: true });
  return (row) => next(row, pass.batchTimeMs);
}

/** Sets rows aside that came without an event time: functions may give out rows of their own. */
export function createTimeCheck(uid: string, next: Push): Push {
  return (row, timeMs) => {
    if (Number.isNaN(timeMs)) {
      throw faultOf(
        'event-time-missing',
        `a row came to the windows of '${uid}' without an event time; declare .eventTime(…) before .keyBy`,
      );
    }
    next(row, timeMs);
  };
}

/** Reads the event time of a row; one that has none is a fault. */
function timeReaderOf({
  uid,
  time,
  unit,
}: WatermarkNode | EventTimeNode): (row: unknown) => number {
  const read = readerOf(time, uid);
  const name = `the event time, ${selectorText(time)},`;
  return (row) => {
    const timeMs = parseEventTime(read(row), unit);
    if (typeof timeMs === 'number') return timeMs;
    throw faultOf(
      timeMs,
      timeMs === 'event-time-missing'
        ? `${name} is missing`
        : `${name} is no time in ${unit} between the years 1 and 9999`,
    );
  };
}

/** All rows that a flat-map gives, taken before the first goes on, so that a generator can still fail. */
export function rowsOf(value: unknown, uid: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) {
    throw operatorReturned(uid, 'did not return an array or another iterable');
  }
  try {
    return Array.from(value as Iterable<unknown>);
  } catch (thrown) {
    throw operatorFailed(uid, thrown);
  }
}
