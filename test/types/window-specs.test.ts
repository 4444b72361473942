import { expect, expectTypeOf, test } from 'vitest';
import type { CountWindowSpec, SessionWindowSpec, TimeWindowSpec } from '../../lib/plan/plan.ts';
import { counting, instants, session } from '../../lib/plan/window.ts';

test('sessions, windows of rows and instants are what they say', () => {
  expect(session('30 minutes')).toEqual({ kind: 'session', gap: 1_800_000 });
  expect(session('PT5S')).toEqual({ kind: 'session', gap: 5_000 });
  const gap = (click: { readonly isApp: boolean }) => (click.isApp ? 1 : 2);
  expect(session(gap)).toEqual({ kind: 'session', gap });
  expect(counting(3)).toEqual({ kind: 'count', size: 3, slide: 3 });
  expect(counting(3, 1)).toEqual({ kind: 'count', size: 3, slide: 1 });
  expect(instants()).toEqual({ kind: 'time', sizeMs: 0, slideMs: 1 });
  expectTypeOf(session('1 hour')).toExtend<SessionWindowSpec>();
  expectTypeOf(counting(1)).toEqualTypeOf<CountWindowSpec>();
  expectTypeOf(instants()).toEqualTypeOf<TimeWindowSpec>();
});

test('a gap that is no duration does not compile', () => {
  // @ts-expect-error a gap has a unit
  expect(() => session('10')).toThrow("'10'");
  // @ts-expect-error a gap is a number of milliseconds
  session((row: { readonly name: string }) => row.name);
});
