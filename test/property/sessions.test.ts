// Sessions against evaluations that keep all rows and start from them each time.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AggregateSpec, OutputMode } from '../../lib/plan/plan.ts';
import { session } from '../../lib/plan/window.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { PassDrive } from '../support/passes.ts';
import { aggregationPlan } from '../support/window-plans.ts';
import { cases } from './cases.ts';

interface Event {
  readonly id: number;
  readonly at: number;
  readonly key: string;
  readonly gap: number;
  readonly value: number;
}
type Row = Record<string, unknown>;

const T0 = 1_000;
const DELAY_MS = 60;

/** The value that makes the user's aggregate throw. */
const BAD = 13;

/** Events in any order, or at most the delay behind the newest before them. */
const events = (backMax: number) =>
  fc
    .array(
      fc.record({
        step: fc.integer({ min: 0, max: 40 }),
        back: fc.integer({ min: 0, max: backMax }),
        key: fc.constantFrom('a', 'b', '__proto__'),
        gap: fc.constantFrom(10, 10, 10, 1, 25, 0, -5),
        value: fc.integer({ min: 0, max: 20 }),
      }),
      { minLength: 1, maxLength: 24 },
    )
    .map((steps) => {
      let newest = T0;
      return steps.map(({ step, back, ...rest }, id): Event => {
        const at = newest + step - back;
        newest = Math.max(newest, at);
        return { ...rest, id, at };
      });
    });

const cuts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 });

const planOf = (mode: OutputMode, allowedLatenessMs = 0) =>
  aggregationPlan(
    {
      window: session((event: Event) => event.gap),
      allowedLatenessMs,
      aggregates: {
        rows: { kind: 'count', input: null, decimalScale: null },
        total: { kind: 'sum', input: { kind: 'field', field: 'value' }, decimalScale: null },
        least: { kind: 'min', input: { kind: 'field', field: 'value' }, decimalScale: null },
        values: { kind: 'collectList', input: { kind: 'field', field: 'id' }, decimalScale: null },
        picky: {
          kind: 'custom',
          zero: () => [],
          add: (ids: number[], event: Event) => {
            if (event.value === BAD) throw new Error('bad');
            return [...ids, event.id];
          },
          merge: (left: number[], right: number[]) => [...left, ...right],
          result: (ids: number[]) => ids.length,
        } as unknown as AggregateSpec,
      },
    },
    mode,
    { delayMs: DELAY_MS },
  );

interface Session {
  readonly start: number;
  readonly end: number;
  readonly members: readonly Event[];
}

/** The sessions of the events of one key. */
function sessionsOf(members: readonly Event[]): Session[] {
  const sessions: Session[] = [];
  for (const event of members.toSorted((left, right) => left.at - right.at)) {
    const open = sessions.at(-1);
    const end = event.at + event.gap;
    if (open === undefined || open.end < event.at) {
      sessions.push({ start: event.at, end, members: [event] });
    } else {
      const joined = { ...open, end: Math.max(open.end, end), members: [...open.members, event] };
      sessions[sessions.length - 1] = joined;
    }
  }
  return sessions;
}

const takesPart = ({ gap, value }: Event) => gap > 0 && value !== BAD;

const KEYS = ['a', 'b', '__proto__'];

const shownSession = (key: string, { start, end, members }: Session) => ({
  key,
  windowStart: new Date(start).toISOString(),
  windowEnd: new Date(end).toISOString(),
  rows: members.length,
  total: members.reduce((sum, { value }) => sum + value, 0),
  least: Math.min(...members.map(({ value }) => value)),
  values: members.map(({ id }) => id).sort((left, right) => left - right),
  picky: members.length,
});

/** Result rows without what depends on how sessions met: the order of their lists. */
const shown = (rows: readonly Row[] = []) =>
  rows.map((row) => ({
    ...row,
    values: (row['values'] as number[]).toSorted((left, right) => left - right),
  }));

const inOrder = (rows: readonly Row[]) =>
  rows.toSorted((left, right) =>
    `${left['windowStart']} ${left['key']}` < `${right['windowStart']} ${right['key']}` ? -1 : 1,
  );

function* batchesOf(all: readonly Event[], sizes: readonly number[]) {
  for (let from = 0, batch = 0; from < all.length; batch += 1) {
    const size = sizes[batch % sizes.length]!;
    yield all.slice(from, from + size);
    from += size;
  }
}

const cold = (state: KeyedState) =>
  KeyedState.fromSegments(state.encodeSegments().map(({ bytes }) => bytes));

test('any cut of rows within the delay, warm or cold, gives the sessions of all rows', () => {
  const plan = planOf('append');
  fc.assert(
    fc.property(events(DELAY_MS - 1), cuts, fc.boolean(), (all, sizes, isCold) => {
      const drive = new PassDrive(plan);
      const rows: Row[] = [];
      const closing = { id: 1_000, at: 100_000, key: 'closing', gap: 1, value: 0 };
      for (const batch of [...batchesOf(all, sizes), [closing]]) {
        const answer = drive.push(batch);
        expect(answer.result.counts.late).toBe(0);
        expect(answer.dead.length).toBe(
          batch.filter(({ gap, value }) => gap > 0 && value === BAD).length,
        );
        const out = shown(answer.rows['out']);
        expect(out.map((row) => String(row['windowStart' as never]))).toEqual(
          out.map((row) => String(row['windowStart' as never])).toSorted(),
        );
        rows.push(...out);
        if (isCold) drive.state = cold(drive.state);
      }
      const expected = KEYS.flatMap((key) =>
        sessionsOf(all.filter((event) => event.key === key && takesPart(event))).map((each) =>
          shownSession(key, each),
        ),
      );
      expect(inOrder(rows)).toEqual(inOrder(expected));
      expect(drive.state.rowCount()).toBe(1);
    }),
    cases(),
  );
});

/** Spark's and Flink's rules over all rows that were taken, found anew for each row and batch. */
class Naive {
  private readonly taken = new Map<string, Event[]>();
  /** Sessions as they came out, by the ids of their rows. */
  private readonly out = new Set<string>();
  private watermarkMs = 0;
  private readonly mode: OutputMode;
  private readonly latenessMs: number;

  constructor(mode: OutputMode, latenessMs: number) {
    this.mode = mode;
    this.latenessMs = latenessMs;
  }

  push(batch: readonly Event[]) {
    const goneMs = this.watermarkMs - this.latenessMs;
    let late = 0;
    for (const event of batch) {
      const members = this.taken.get(event.key) ?? [];
      if (event.gap > 0 && this.endOf(event, members) <= goneMs) late += 1;
      else if (takesPart(event)) this.taken.set(event.key, [...members, event]);
    }
    // A record that fails leaves the watermark where it was.
    const stayed = batch.filter(({ gap, value, key, id }) => {
      const isTaken = (this.taken.get(key) ?? []).some((each) => each.id === id);
      return gap <= 0 || value !== BAD || isTaken || this.lateIds.has(id);
    });
    for (const { at } of stayed) this.watermarkMs = Math.max(this.watermarkMs, at - DELAY_MS);
    return { late, rows: this.mode === 'complete' ? this.all() : this.closed() };
  }

  private readonly lateIds = new Set<number>();

  private endOf(event: Event, members: readonly Event[]): number {
    const ownEnd = event.at + event.gap;
    const merged =
      this.latenessMs === 0
        ? ownEnd
        : sessionsOf([...members, event]).find((each) => each.members.includes(event))!.end;
    if (merged <= this.watermarkMs - this.latenessMs) this.lateIds.add(event.id);
    return merged;
  }

  private all() {
    return KEYS.flatMap((key) =>
      sessionsOf(this.taken.get(key) ?? []).map((each) => shownSession(key, each)),
    );
  }

  private closed() {
    return KEYS.flatMap((key) => {
      const sessions = sessionsOf(this.taken.get(key) ?? []);
      const closed = sessions.filter(({ end }) => end <= this.watermarkMs);
      const kept = sessions.filter(({ end }) => end + this.latenessMs > this.watermarkMs);
      this.taken.set(
        key,
        kept.flatMap(({ members }) => members),
      );
      return closed
        .map((each) => shownSession(key, each))
        .filter(({ values }) => {
          const name = JSON.stringify(values);
          const isNew = !this.out.has(name);
          this.out.add(name);
          return isNew;
        });
    });
  }

  rowCount(): number {
    return KEYS.reduce((sum, key) => sum + sessionsOf(this.taken.get(key) ?? []).length, 0);
  }
}

describe.each<[OutputMode, number]>([
  ['append', 0],
  ['append', 30],
  ['complete', 0],
])('rows in any order in mode %s, kept for %i ms', (mode, latenessMs) => {
  test('are late or in the sessions that an evaluation of all rows finds, batch by batch', () => {
    const plan = planOf(mode, latenessMs);
    fc.assert(
      fc.property(events(3 * DELAY_MS), cuts, (all, sizes) => {
        const drive = new PassDrive(plan);
        const naive = new Naive(mode, latenessMs);
        for (const batch of batchesOf(all, sizes)) {
          const { rows, result } = drive.push(batch);
          const expected = naive.push(batch);
          expect(inOrder(shown(rows['out']))).toEqual(inOrder(expected.rows));
          expect(result.counts.late).toBe(expected.late);
          expect(drive.state.rowCount()).toBe(naive.rowCount());
        }
      }),
      cases(),
    );
  });

  test('leave the same bytes, warm, cold and replayed', () => {
    const plan = planOf(mode, latenessMs);
    fc.assert(
      fc.property(events(3 * DELAY_MS), cuts, (all, sizes) => {
        const [warm, chilled] = [new PassDrive(plan), new PassDrive(plan)];
        const replica = KeyedState.empty();
        for (const batch of batchesOf(all, sizes)) {
          chilled.state = cold(chilled.state);
          warm.pass(batch.toReversed());
          const [left, right] = [warm.push(batch), chilled.push(batch)];
          expect(right.rows).toEqual(left.rows);
          expect(Buffer.from(right.delta).equals(Buffer.from(left.delta))).toBe(true);
          replica.applyDelta(left.delta);
          const [live, replayed] = [warm.state, replica].map((state) =>
            state.encodeSegments().map(({ bytes }) => Buffer.from(bytes).toString('base64')),
          );
          expect(replayed).toEqual(live);
        }
      }),
      cases(300),
    );
  });
});
