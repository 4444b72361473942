// Operators without state: map, filter and flatMap of the user, and the declaration of event time.
// What user code throws, or returns against its type, is a fault of that one record.

import type { MapNode, WatermarkNode } from '../plan/plan.ts';
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
  const read = readerOf(node.time, node.uid);
  const name = `the event time, ${selectorText(node.time)},`;
  return (row) => {
    const time = parseEventTime(read(row), node.unit);
    if (typeof time === 'string') {
      throw faultOf(
        time,
        time === 'event-time-missing'
          ? `${name} is missing`
          : `${name} is no time in ${node.unit} between the years 1 and 9999`,
      );
    }
    if (isAhead(time, pass.arrivedAtMs, node.maxAheadMs)) {
      throw faultOf(
        'event-time-ahead',
        `${name} lies more than ${node.maxAheadMs} ms ahead of the arrival; is it in ${node.unit}?`,
      );
    }
    if (time > pass.recordMaxMs) pass.recordMaxMs = time;
    next(row, time);
  };
}

/** All rows that a flat-map gives, taken before the first goes on, so that a generator can still fail. */
function rowsOf(value: unknown, uid: string): readonly unknown[] {
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
