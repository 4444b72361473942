import { describe, expect, test } from 'vitest';
import { DURATION_MS_MAX, formatDuration, parseDuration } from '../../../lib/time/duration.ts';

describe('duration', () => {
  test.each([
    ['10 minutes', 600_000],
    ['1 hour', 3_600_000],
    ['500 milliseconds', 500],
    ['1 millisecond', 1],
    ['0 seconds', 0],
    ['1.5 hours', 5_400_000],
    ['0.1 seconds', 100],
    ['0.25 seconds', 250],
    ['2 weeks', 1_209_600_000],
    ['PT10M', 600_000],
    ['PT0.25S', 250],
    ['P1DT2H3M4S', 93_784_000],
    ['P1W', 604_800_000],
    ['P12W', 7_257_600_000],
    ['P30DT12H', 2_635_200_000],
    ['PT45S', 45_000],
    ['PT0S', 0],
    ['36500 days', DURATION_MS_MAX],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    '',
    '10',
    'minutes',
    '10 minuten',
    '10  minutes',
    '10minutes',
    '10 minutes!',
    'about 10 minutes',
    ' PT10M',
    'PT10M ',
    '-5 minutes',
    '+5 minutes',
    '1e3 seconds',
    'NaN hours',
    '1 month',
    'P',
    'PT',
    'P1DT',
    'P1M',
    'P1Y',
    'PT-5M',
    '5 constructor',
  ])('%j is refused with advice', (text) => {
    expect(() => parseDuration(text)).toThrow(
      `'${text}' is not a duration: write it as '10 minutes'`,
    );
  });

  test.each(['0.5 milliseconds', '0.0001 milliseconds'])(
    'a fraction of a millisecond is refused: %s',
    (text) => {
      expect(() => parseDuration(text)).toThrow('a millisecond is the smallest unit');
    },
  );

  test('more than a hundred years are refused', () => {
    expect(() => parseDuration('36500.1 days')).toThrow('longer than 36,500 days');
    expect(() => parseDuration(`${'9'.repeat(400)} days`)).toThrow();
  });

  test('a refusal is an invalid pipeline with a stable code', () => {
    expect(() => parseDuration('soon')).toThrow(
      expect.objectContaining({ kind: 'invalid', code: 'duration-invalid' }),
    );
  });

  test.each([
    [0, '0 milliseconds'],
    [1, '1 millisecond'],
    [1_000, '1 second'],
    [90_000, '90 seconds'],
    [600_000, '10 minutes'],
    [3_600_000, '1 hour'],
    [172_800_000, '2 days'],
  ])('%d ms is written %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
