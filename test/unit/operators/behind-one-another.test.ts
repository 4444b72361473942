import { describe, expect, test } from 'vitest';
import { count, foreachBatch, kinesis, pipeline, tumbling, value } from '../../../lib/index.ts';
import { drive } from '../../../lib/testing/index.ts';

interface Event {
  readonly k: string;
  readonly at: number;
}

const MINUTE = 60_000;
const start = () => pipeline('p', { inOneTask: true });
const events = () => start().from(kinesis<Event>('events'));
const timed = () => events().withWatermark('at', '1 minute');
const collect = foreachBatch<unknown>('rows', () => {});
const append = { mode: 'append' } as const;

describe('operators one after the other', () => {
  test('state that holds a row as deep as an event may be is read again', async () => {
    const keeping = events()
      .keyBy('k')
      .process({
        state: { last: value<unknown>() },
        onRow(row, { state, emit }) {
          emit({ known: state.last.get() !== undefined });
          state.last.set(row);
        },
      });
    const run = drive(keeping.to(collect, append));
    const deep = JSON.parse(`${'['.repeat(62)}1${']'.repeat(62)}`);
    await run.push([{ k: 'a', at: 1, deep }]);
    run.restart();
    await run.push([{ k: 'a', at: 2, deep }]);
    expect(run.rows()).toEqual([{ known: false }, { known: true }]);
  });

  test('of two watermarks, one for a side branch, both count', async () => {
    const first = timed();
    const windows = first.keyBy('k').window(tumbling('1 minute')).aggregate({ n: count() });
    const again = first.withWatermark('at', '5 minutes');
    const others = again.keyBy('k').window(tumbling('1 minute')).aggregate({ n: count() });
    const run = drive(windows.union(others).to(collect, append));
    await run.push([{ k: 'a', at: MINUTE }]);
    await run.drain();
    expect(run.rows()).toHaveLength(2);
    expect(run.deadLetters()).toEqual([]);
  });

  test('rows of processing time are not late for one another', async () => {
    const first = events().withProcessingTime().dropDuplicatesWithinWatermark('k');
    const run = drive(first.to(collect, append));
    await run.push([{ k: 'a', at: 1 }]);
    await run.push([
      { k: 'b', at: 1 },
      { k: 'a', at: 1 },
    ]);
    expect(run.rows()).toMatchObject([{ k: 'a' }, { k: 'b' }]);
  });

  test('rows that meet nobody in their window are on time behind the join', async () => {
    const home = start();
    const left = home.from(kinesis<Event>('left')).withWatermark('at', '1 minute');
    const right = home.from(kinesis<Event>('right')).withWatermark('at', '1 minute');
    const joined = left
      .join(right, { on: 'k', type: 'left', window: tumbling('1 hour') })
      .dropDuplicatesWithinWatermark((row) => row.left.k);
    const run = drive(joined.to(collect, append));
    await run.push({ left: [{ k: 'a', at: MINUTE }], right: [{ k: 'b', at: MINUTE }] });
    await run.drain();
    expect(run.rows()).toMatchObject([{ left: { k: 'a' }, right: null }]);
    expect(run.late()).toBe(0);
  });

  test('a result of which one row cannot be stored leaves no other behind', async () => {
    const doubled = timed()
      .keyBy('k')
      .window(tumbling('1 minute'))
      .aggregate({ n: count() })
      .flatMap((row): unknown[] => [row, { ...row, n: Number.NaN }]);
    const run = drive(doubled.to(collect, append));
    await run.push([{ k: 'a', at: MINUTE }]);
    await run.drain();
    expect(run.rows()).toEqual([]);
    expect(run.deadLetters()).toMatchObject([{ reason: 'not-storable' }]);
  });

  test('a timer that keeps registering timers fires in later batches, too', async () => {
    const ticking = timed()
      .keyBy('k')
      .process({
        state: { fired: value<number>() },
        timers: 'event-time',
        onRow: (row, { timers }) => timers.register(row.at + 1),
        onTimer(timeMs, { state, timers }) {
          state.fired.set((state.fired.get() ?? 0) + 1);
          timers.register(timeMs + 1);
        },
      });
    const run = drive(ticking.to(collect, append));
    await run.push([{ k: 'a', at: MINUTE }]);
    await run.advanceWatermark(10 * MINUTE);
    const firedOf = async () => JSON.stringify(await run.state());
    const first = await firedOf();
    await run.tick();
    expect(first).toContain('100000');
    expect(await firedOf()).toContain('200000');
  });
});
