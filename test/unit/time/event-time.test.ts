import { describe, expect, test } from 'vitest';
import type { TimeUnit } from '../../../lib/time/event-time.ts';
import {
  EVENT_TIME_MS_MAX,
  EVENT_TIME_MS_MIN,
  formatTime,
  isAhead,
  parseEventTime,
} from '../../../lib/time/event-time.ts';

const noon = Date.UTC(2001, 0, 31, 12);

describe('event time', () => {
  test.each<[unknown, TimeUnit, number]>([
    [noon, 'milliseconds', noon],
    [noon / 1e3, 'seconds', noon],
    [noon * 1e3, 'microseconds', noon],
    [noon * 1e6, 'nanoseconds', noon],
    [0, 'milliseconds', 0],
    [1.9, 'milliseconds', 1],
    [-0.5, 'milliseconds', -1],
    [1.001, 'seconds', 1_001],
    [1.0019, 'seconds', 1_001],
    [-1, 'microseconds', -0.001],
    [1_999, 'microseconds', 1.999],
    [1_999.9, 'microseconds', 1.999],
    [noon * 1e3 + 1, 'microseconds', noon + 0.001],
    [noon * 1e3 - 1, 'microseconds', noon - 0.001],
    [1_999_999, 'nanoseconds', 1.999],
    [-1, 'nanoseconds', -0.001],
    [EVENT_TIME_MS_MAX * 1e3, 'microseconds', EVENT_TIME_MS_MAX],
    [EVENT_TIME_MS_MIN, 'milliseconds', EVENT_TIME_MS_MIN],
    [EVENT_TIME_MS_MAX, 'milliseconds', EVENT_TIME_MS_MAX],
    ['2001-01-31T12:00:00.000Z', 'iso', noon],
    ['2001-01-31T12:00Z', 'iso', noon],
    ['2001-01-31 12:00:00z', 'iso', noon],
    ['2001-01-31T13:30:00+01:30', 'iso', noon],
    ['2001-01-31T04:00:00-0800', 'iso', noon],
    ['2001-01-31T14:00:00+02', 'iso', noon],
    ['2001-02-01T06:00:00+18:00', 'iso', noon],
    ['2001-01-31T12:59:00+00:59', 'iso', noon],
    ['2001-01-31T12:00:00.123456789Z', 'iso', noon + 123],
    ['2001-01-31T12:00:00,5Z', 'iso', noon + 500],
    ['2000-02-29T00:00:00Z', 'iso', Date.UTC(2000, 1, 29)],
    ['2004-02-29T00:00:00Z', 'iso', Date.UTC(2004, 1, 29)],
    ['0001-01-01T00:00:00Z', 'iso', EVENT_TIME_MS_MIN],
    ['1969-12-31T23:59:59.9999Z', 'iso', -1],
  ])('%j in %s is %d ms', (value, unit, ms) => {
    expect(parseEventTime(value, unit)).toBe(ms);
  });

  test.each<[unknown, TimeUnit]>([
    [undefined, 'milliseconds'],
    [null, 'iso'],
  ])('%j is missing', (value, unit) => {
    expect(parseEventTime(value, unit)).toBe('event-time-missing');
  });

  test.each<[unknown, TimeUnit]>([
    [Number.NaN, 'milliseconds'],
    [Number.POSITIVE_INFINITY, 'milliseconds'],
    [Number.NEGATIVE_INFINITY, 'seconds'],
    [noon * 1e3, 'milliseconds'],
    [noon * 1e6, 'milliseconds'],
    [EVENT_TIME_MS_MAX + 1, 'milliseconds'],
    [EVENT_TIME_MS_MIN - 1, 'milliseconds'],
    [EVENT_TIME_MS_MIN * 1e3 - 1_000, 'microseconds'],
    ['981000000000', 'milliseconds'],
    ['2001-01-31T12:00:00Z', 'milliseconds'],
    [true, 'milliseconds'],
    [{}, 'milliseconds'],
    [[noon], 'milliseconds'],
    [noon, 'iso'],
    ['', 'iso'],
    ['2001-01-31', 'iso'],
    ['2001-01-31T12:00:00', 'iso'],
    ['2001-02-29T00:00:00Z', 'iso'],
    ['1900-02-29T00:00:00Z', 'iso'],
    ['2001-04-31T00:00:00Z', 'iso'],
    ['2001-06-31T00:00:00Z', 'iso'],
    ['2001-09-31T00:00:00Z', 'iso'],
    ['2001-11-31T00:00:00Z', 'iso'],
    ['2001-01-00T00:00:00Z', 'iso'],
    ['2001-00-01T00:00:00Z', 'iso'],
    ['2001-13-01T00:00:00Z', 'iso'],
    ['2001-01-31T24:00:00Z', 'iso'],
    ['2001-01-31T12:60:00Z', 'iso'],
    ['2001-01-31T23:59:60Z', 'iso'],
    ['2001-01-31T12:00:00+19:00', 'iso'],
    ['2001-01-31T12:00:00+01:60', 'iso'],
    ['0000-12-31T00:00:00Z', 'iso'],
    ['0001-01-01T00:00:00+01:00', 'iso'],
    ['+12001-01-31T12:00:00Z', 'iso'],
    [' 2001-01-31T12:00:00Z', 'iso'],
    ['2001-01-31T12:00:00Z and later', 'iso'],
    [['2001-01-31T12:00:00Z'], 'iso'],
  ])('%j in %s is invalid', (value, unit) => {
    expect(parseEventTime(value, unit)).toBe('event-time-invalid');
  });

  test('a big integer is invalid, since JSON has none', () => {
    expect(parseEventTime(10n, 'milliseconds')).toBe('event-time-invalid');
  });

  test('minus zero is zero, so that state holds one form of it', () => {
    expect(Object.is(parseEventTime(-0, 'milliseconds'), 0)).toBe(true);
    expect(Object.is(parseEventTime(-0, 'seconds'), 0)).toBe(true);
  });

  test('an event is ahead only above the bound', () => {
    expect(isAhead(1_100, 1_000, 100)).toBe(false);
    expect(isAhead(1_101, 1_000, 100)).toBe(true);
    expect(isAhead(0, 1_000, 100)).toBe(false);
  });

  test('times are written in UTC with milliseconds', () => {
    expect(formatTime(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(formatTime(EVENT_TIME_MS_MIN)).toBe('0001-01-01T00:00:00.000Z');
    expect(formatTime(EVENT_TIME_MS_MAX)).toBe('9999-12-31T23:59:59.999Z');
  });

  test('times that have microseconds are written with them', () => {
    expect(formatTime(noon - 0.001)).toBe('2001-01-31T11:59:59.999999Z');
    expect(formatTime(noon + 0.25)).toBe('2001-01-31T12:00:00.000250Z');
    expect(formatTime(-0.001)).toBe('1969-12-31T23:59:59.999999Z');
    expect(formatTime(noon + 0.9996)).toBe('2001-01-31T12:00:00.001Z');
    expect(formatTime(noon + 0.0004)).toBe('2001-01-31T12:00:00.000Z');
  });
});
