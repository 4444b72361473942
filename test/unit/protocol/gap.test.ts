import { describe, expect, test } from 'vitest';
import { isNearRetention, isSuspiciouslyLate, needsRetention } from '../../../lib/protocol/gap.ts';

const HOUR_MS = 3_600_000;
const usual = { ageMs: 1_000, quietMs: 1_000, recordAgeMaxMs: 168 * HOUR_MS };

describe('a batch that begins late', () => {
  test('is not suspicious when its first record is young and follows closely', () => {
    expect(isSuspiciouslyLate(usual)).toBe(false);
  });

  test('is suspicious when it arrived more than five minutes after the last one', () => {
    expect(isSuspiciouslyLate({ ...usual, quietMs: 300_000 })).toBe(false);
    expect(isSuspiciouslyLate({ ...usual, quietMs: 300_001 })).toBe(true);
  });

  test('is suspicious when its first record is older than half of the maximum age', () => {
    expect(isSuspiciouslyLate({ ...usual, ageMs: 84 * HOUR_MS })).toBe(false);
    expect(isSuspiciouslyLate({ ...usual, ageMs: 84 * HOUR_MS + 1 })).toBe(true);
  });

  test('needs a look at the retention only when the shortest one could matter', () => {
    expect(needsRetention(12 * HOUR_MS)).toBe(false);
    expect(needsRetention(12 * HOUR_MS + 1)).toBe(true);
    expect(isNearRetention(13 * HOUR_MS, 48 * HOUR_MS)).toBe(false);
    expect(isNearRetention(25 * HOUR_MS, 48 * HOUR_MS)).toBe(true);
  });
});
