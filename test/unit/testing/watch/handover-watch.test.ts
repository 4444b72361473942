import { describe, expect, test } from 'vitest';
import { foreachBatch, kinesis, pipeline } from '../../../../lib/index.ts';
import { HandoverWatch } from '../../../../lib/testing/watch/handover-watch.ts';
import type { JournalEntry } from '../../../../lib/testing/watch/journal.ts';

const UID = 'foreach-batch-out';
const ID = `${UID}-1`;
const ROWS = [{ shop: 'north' }, { shop: 'south' }];
const BYTES = Buffer.from('{"shop":"north"}\n{"shop":"south"}\n');
const COMMIT = { header: { log: 'log', batchNumber: 1 } } as JournalEntry['commit'];

/** A watch, and what it has reported. */
function watching(apply: () => unknown = () => undefined) {
  const reports: string[] = [];
  const watch = new HandoverWatch((invariant, what) => reports.push(`${invariant} ${what}`));
  const plan = watch.watched(
    pipeline('p').from(kinesis('events')).to(foreachBatch('out', apply), { mode: 'append' }).plan(),
  );
  const sink = plan.nodes.find((node) => node.kind === 'foreach-batch-sink');
  const abort = new AbortController();
  const handOver = async (rows: readonly object[]) =>
    sink?.apply(rows as never[], ID, { signal: abort.signal });
  return { reports, watch, handOver, abort };
}

describe('a watched function', () => {
  test('may take the rows of a commit, and take them again', async () => {
    const { reports, watch, handOver } = watching();
    watch.add(COMMIT, UID, ID, BYTES);
    await handOver(ROWS);
    await handOver(ROWS);
    watch.checkAll(() => false);
    expect(watch.isTaken(ID)).toBe(true);
    expect(reports).toEqual([]);
  });

  test('is not to be called before the commit', async () => {
    const { reports, handOver } = watching();
    await handOver(ROWS);
    expect(reports).toEqual([`I3 ${UID} was given batch ${ID}, which no commit holds for it`]);
  });

  test.each([
    ['fewer', ROWS.slice(1)],
    ['in another order', [...ROWS].reverse()],
  ])('is not to be given other rows: %s', async (_, rows) => {
    const { reports, watch, handOver } = watching();
    watch.add(COMMIT, UID, ID, BYTES);
    await handOver(rows);
    expect(reports).toEqual([`I3 ${UID} was given other rows than its batch ${ID} has`]);
    expect(watch.isTaken(ID)).toBe(false);
  });

  test('has not taken what it failed on', async () => {
    const { reports, watch, handOver } = watching(() => Promise.reject(new Error('no')));
    watch.add(COMMIT, UID, ID, BYTES);
    await expect(handOver(ROWS)).rejects.toThrow('no');
    watch.checkAll(() => false);
    expect(reports).toEqual([`I3 log batch 1: no function has taken batch ${ID}`]);
  });

  test('has not taken what it ended with when its signal had aborted', async () => {
    const { watch, handOver, abort } = watching();
    watch.add(COMMIT, UID, ID, BYTES);
    abort.abort();
    await handOver(ROWS);
    expect(watch.isTaken(ID)).toBe(false);
  });

  test('has an id of its own for each commit', () => {
    const { reports, watch } = watching();
    watch.add(COMMIT, UID, ID, BYTES);
    watch.add(COMMIT, UID, ID, BYTES);
    expect(reports).toEqual([`I3 log batch 1: its batch id ${ID} is that of another commit`]);
  });
});
