import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asBatchTimeMs } from '../../lib/model/ids.ts';
import type { BatchWindowNode } from '../../lib/plan/plan.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { PassDrive } from '../support/passes.ts';
import {
  field,
  IDLE,
  keyOf,
  restart,
  straightPlan,
  withoutIdle,
} from '../support/straight-plan.ts';
import { cases } from './cases.ts';

interface Batch {
  readonly atMs: number;
  readonly rows: readonly { readonly k: string | null; readonly v: number }[];
}

const batches = fc
  .array(
    fc.record({
      stepMs: fc.integer({ min: 0, max: 7 }),
      rows: fc.array(
        fc.record({
          k: fc.constantFrom('a', '', null),
          v: fc.integer({ min: -2, max: 2 }),
        }),
        { maxLength: 3 },
      ),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((steps) => {
    let atMs = 0;
    return steps.map(({ stepMs, rows }): Batch => {
      atMs += stepMs;
      return { atMs, rows };
    });
  });

const plus = (left: number, right: number) => left + right;
const minus = (left: number, right: number) => left - right;
const isNotZero = (value: number) => value !== 0;

const KINDS = {
  reduced: { reduce: plus, inverse: null, keep: null },
  kept: { reduce: plus, inverse: null, keep: isNotZero },
  running: { reduce: plus, inverse: minus, keep: isNotZero },
  listed: { reduce: null, inverse: null, keep: null },
} satisfies Record<string, Partial<BatchWindowNode>>;

type Kind = keyof typeof KINDS;

/** The windows that come out, each made of all rows there ever were. */
function naive(all: readonly Batch[], lengths: Lengths, kind: Kind) {
  return all.map(({ atMs }, index) => {
    const previousMs = all[index - 1]?.atMs ?? 0;
    if (Math.floor(atMs / lengths.slideMs) === Math.floor(previousMs / lengths.slideMs)) return {};
    const members = all
      .slice(0, index + 1)
      .filter((batch) => batch.atMs > atMs - lengths.lengthMs)
      .flatMap(({ rows }) => rows);
    const values = [...new Set(members.map(({ k }) => k))].map((key) => {
      const list = members.filter(({ k }) => k === key).map(({ v }) => v);
      return [String(key), kind === 'listed' ? list : list.reduce(plus)] as const;
    });
    const hidesZero = KINDS[kind].keep !== null;
    return Object.fromEntries(values.filter(([, value]) => !hidesZero || value !== 0));
  });
}

interface Lengths {
  readonly lengthMs: number;
  readonly slideMs: number;
}

test('windows are those of a naive evaluation, cold or from deltas', () => {
  const lengths = fc.record({
    lengthMs: fc.integer({ min: 1, max: 12 }),
    slideMs: fc.integer({ min: 1, max: 12 }),
  });
  const kinds = fc.constantFrom(...(Object.keys(KINDS) as Kind[]));
  fc.assert(
    fc.property(batches, lengths, kinds, (all, each, kind) => {
      const drive = new PassDrive(
        straightPlan(withoutIdle, {
          kind: 'batch-window',
          uid: 'window',
          key: keyOf('k'),
          value: field('v'),
          ...each,
          ...KINDS[kind],
        }),
      );
      const folded = KeyedState.empty();
      const given = all.map(({ atMs, rows }) => {
        const events = rows.length === 0 ? [IDLE] : rows;
        const answer = drive.push(events, { batchTimeMs: asBatchTimeMs(atMs) });
        folded.applyDelta(answer.delta);
        expect(folded.encodeSegments()).toEqual(drive.state.encodeSegments());
        restart(drive);
        const out = answer.rows['out'] ?? [];
        return Object.fromEntries(out.map((row) => [String(row['k']), row['value']]));
      });
      expect(given).toEqual(naive(all, each, kind));
    }),
    cases(200),
  );
});
