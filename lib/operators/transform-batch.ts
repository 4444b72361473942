// Hands all rows of a batch to a function of the user at once, also where there are none, and gives
// out the rows it returns. Rows that are results of windows come when these close, so that the call
// waits for them. The buffers live for one batch only; a row of a record that fails after it was
// buffered is taken out again.

import type { TransformBatchNode } from '../plan/plan.ts';
import type { Push } from './pass.ts';
import { operatorFailed, operatorReturned } from './record-fault.ts';
import type { OperatorContext, StatefulOperator, WiredOperator } from './stateful-operator.ts';

/** The rows of one input, in order of arrival. */
interface Buffered {
  readonly rows: unknown[];
  readonly timesMs: number[];
}

export function createTransformBatch(
  node: TransformBatchNode,
  context: OperatorContext,
): WiredOperator {
  const operator = new TransformBatch(node, context);
  return { operator, pushes: node.inputs.map((_, input) => operator.pushOf(input)) };
}

class TransformBatch implements StatefulOperator {
  readonly uid: string;
  readonly behindMs: number;
  private readonly node: TransformBatchNode;
  private readonly context: OperatorContext;
  private buffers: readonly Buffered[] = [];

  constructor(node: TransformBatchNode, context: OperatorContext) {
    this.uid = node.uid;
    this.behindMs = context.behindMs;
    this.node = node;
    this.context = context;
  }

  pushOf(input: number): Push {
    const { pass } = this.context;
    return (row, timeMs) => {
      const { rows, timesMs } = this.buffers[input]!;
      pass.reached = true;
      rows.push(row);
      timesMs.push(timeMs);
      pass.draft.journal.noteUndo(() => {
        rows.pop();
        timesMs.pop();
      });
    };
  }

  begin(): void {
    this.buffers = this.emptyBuffers();
  }

  finishRows(): void {
    if (!this.context.takesResults) this.transform();
  }

  close(): void {
    const hasRows = this.buffers.some(({ rows }) => rows.length > 0);
    if (this.context.takesResults || hasRows) this.transform();
  }

  countState(): number {
    return 0;
  }

  private transform(): void {
    const { pass, next } = this.context;
    const { buffers } = this;
    this.buffers = this.emptyBuffers();
    const timesMs = timesByRow(buffers);
    const inputs = buffers.map(({ rows }) => rows);
    let results: readonly unknown[] = [];
    pass.run(
      () => {
        results = this.call(inputs);
      },
      inputs.length === 1 ? [...inputs[0]!] : inputs.map((rows) => [...rows]),
    );
    for (const row of results) pass.emit(next, row, timesMs.get(row) ?? Number.NaN);
  }

  private emptyBuffers(): readonly Buffered[] {
    return this.node.inputs.map(() => ({ rows: [], timesMs: [] }));
  }

  private call(inputs: readonly unknown[][]): readonly unknown[] {
    const { uid } = this;
    const { batchTimeMs } = this.context.pass;
    const apply = this.node.apply as (...values: readonly unknown[]) => unknown;
    const results: unknown[] = [];
    try {
      const value = apply(...inputs, { batchTimeMs });
      if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) {
        throw operatorReturned(
          uid,
          value instanceof Promise
            ? 'is asynchronous'
            : 'did not return an array or another iterable',
        );
      }
      for (const row of value as Iterable<unknown>) {
        if (row === undefined) throw operatorReturned(uid, 'returned an undefined row');
        results.push(row);
      }
    } catch (thrown) {
      throw operatorFailed(uid, thrown);
    }
    return results;
  }
}

/** Event times of the rows, to be found again by rows that are handed through. */
function timesByRow(buffers: readonly Buffered[]): ReadonlyMap<unknown, number> {
  const times = new Map<unknown, number>();
  for (const { rows, timesMs } of buffers) {
    for (let index = 0; index < rows.length; index += 1) {
      // Equal texts and numbers are not the same row.
      if (typeof rows[index] === 'object') times.set(rows[index], timesMs[index]!);
    }
  }
  return times;
}
