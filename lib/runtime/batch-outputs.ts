// What one batch gives out, collected row by row in final encoding: rows and late rows by sink, dead
// letters for all. A row is encoded when it arrives, because a row that its sink cannot store is a
// fault of the record that made it. What the record that passes now has added can be taken back.

import { DEAD_LETTERS, type SinkTargets } from '../contract/environment.ts';
import { encodeDeadLetter } from '../decoding/dead-letter.ts';
import type { DecodedBatch } from '../decoding/decoded-batch.ts';
import type { BatchOutput, OutputTarget } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import type { Push } from '../operators/pass.ts';
import { RecordFault } from '../operators/record-fault.ts';
import { encodeObjectRow, encodeObjects } from '../operators/sinks/object-rows.ts';
import { createTableRows } from '../operators/sinks/table-rows.ts';
import { encodeLines } from '../operators/sinks/text.ts';
import type { EncodedRow } from '../operators/sinks/unstorable.ts';
import { isSink, type Plan, type SinkNode } from '../plan/plan.ts';
import { EVENT_TIME_MS_MAX, EVENT_TIME_MS_MIN } from '../time/event-time.ts';
import type { BatchInput } from './batch.ts';

/** The part of a batch's input that outputs depend on. */
type OutputContext = Pick<
  BatchInput,
  'decoded' | 'from' | 'to' | 'originOf' | 'batchTimeMs' | 'outputName'
>;

/** A sink whose rows are part of the commit. */
type StoringSink = Exclude<SinkNode, { kind: 'noop-sink' }>;

/** Rows of one sink, as they will be published. */
interface Collected {
  readonly lines: string[];
  readonly timesMs: number[];
  /** Rows that were there when the record that passes now began. */
  marked: number;
  readonly outputs: (context: OutputContext) => readonly BatchOutput[];
}

export class BatchOutputs {
  private readonly plan: Plan;
  private readonly targets: SinkTargets;
  private readonly collected = new Map<string, Collected>();
  private readonly deadLetters: Collected;
  private context: OutputContext | null = null;

  /** @throws EngineError `invalid`, code `sink-without-target`, when a sink has no place to write to. */
  constructor(plan: Plan, targets: SinkTargets) {
    this.plan = plan;
    this.targets = targets;
    this.deadLetters = this.collectObjects({
      uid: DEAD_LETTERS,
      role: 'dead-letters',
      partitionBy: 'day',
    });
  }

  /** Begins a batch; what an earlier one left behind is forgotten. */
  begin(context: OutputContext): void {
    this.context = context;
    for (const rows of [...this.collected.values(), this.deadLetters]) {
      rows.lines.length = 0;
      rows.timesMs.length = 0;
      rows.marked = 0;
    }
  }

  /** The end of the line for rows of a sink; throws a fault for a row that the sink cannot store. */
  pushOf(uid: string): Push {
    const sink = this.plan.nodes.filter(isSink).find((node) => node.uid === uid);
    if (sink === undefined) throw new EngineError('invalid', `the plan has no sink '${uid}'`);
    if (sink.kind === 'noop-sink') return () => {};
    const rows = this.collected.get(uid) ?? this.collect(sink);
    this.collected.set(uid, rows);
    const encode = encoderOf(sink);
    return (row, timeMs) => {
      const encoded = encode(row);
      if (typeof encoded !== 'string') throw new RecordFault(encoded.reason, encoded.detail);
      rows.lines.push(encoded);
      rows.timesMs.push(timeMs);
    };
  }

  /** Remembers where a record begins. */
  mark(): void {
    for (const rows of this.collected.values()) rows.marked = rows.lines.length;
  }

  /** Takes back all rows since the mark. */
  undo(): void {
    for (const rows of this.collected.values()) {
      rows.lines.length = rows.marked;
      rows.timesMs.length = rows.marked;
    }
  }

  /** Sets a record aside with its original bytes. */
  addDeadRecord(fault: RecordFault, index: number): void {
    this.addDeadLetter(fault, index, this.context!.decoded.bytesOf(index));
  }

  /** Sets a result row aside as JSON, under the position of the batch's last record if it has one. */
  addDeadRow(fault: RecordFault, row: unknown): void {
    const { from, to } = this.context!;
    this.addDeadLetter(fault, from === to ? null : to - 1, Buffer.from(rowText(row), 'utf8'));
  }

  /** Everything collected since `begin`, sinks in the order of the plan, dead letters last. */
  finish(): BatchOutput[] {
    const context = this.context!;
    const outputs: BatchOutput[] = [];
    for (const { uid } of this.plan.nodes) {
      const rows = this.collected.get(uid);
      if (rows !== undefined && rows.lines.length > 0) outputs.push(...rows.outputs(context));
    }
    if (this.deadLetters.lines.length > 0) outputs.push(...this.deadLetters.outputs(context));
    return outputs;
  }

  private addDeadLetter(fault: RecordFault, index: number | null, data: Uint8Array): void {
    const { reason, detail } = fault;
    const { decoded, originOf, batchTimeMs } = this.context!;
    if (index === null) {
      this.deadLetters.lines.push(
        encodeDeadLetter({ reason, detail, data, ...NO_RECORD, arrivedAtMs: batchTimeMs }),
      );
      this.deadLetters.timesMs.push(batchTimeMs);
      return;
    }
    const { shardId } = originOf(index);
    const arrivedAtMs = decoded.arrivedAtMs[index]!;
    const position: ReturnType<DecodedBatch['positionOf']> = decoded.positionOf(index);
    this.deadLetters.lines.push(
      encodeDeadLetter({ reason, detail, data, shardId, ...position, arrivedAtMs }),
    );
    this.deadLetters.timesMs.push(arrivedAtMs);
  }

  private collect(sink: StoringSink): Collected {
    const { uid } = sink;
    const role = sink.inputs.length === 0 ? 'late' : 'rows';
    switch (sink.kind) {
      case 'dynamodb-sink':
        return this.collectItems(uid);
      case 's3-sink':
        return this.collectObjects({ uid, role, partitionBy: sink.partitionBy });
      case 'foreach-batch-sink':
        return collectLines({ uid, role }, ({ outputName }) => {
          // The sink comes first: an id is then also another one for each sink of the pipeline.
          return { kind: 'function', batchId: `${uid}-${outputName}` };
        });
    }
  }

  private collectItems(uid: string): Collected {
    const target = this.targets[uid];
    if (target?.kind !== 'dynamodb') throw withoutTarget(uid, 'table');
    const outputTarget: OutputTarget = { kind: 'dynamodb', tableName: target.tableName };
    return collectLines({ uid, role: 'rows' }, () => outputTarget);
  }

  private collectObjects(sink: {
    readonly uid: string;
    readonly role: BatchOutput['role'];
    readonly partitionBy: 'day' | 'hour' | 'none';
  }): Collected {
    const { uid, role, partitionBy } = sink;
    const target = this.targets[uid];
    if (target?.kind !== 's3') throw withoutTarget(uid, 'bucket');
    const { bucketName, prefix } = target;
    const [lines, timesMs]: [string[], number[]] = [[], []];
    return {
      lines,
      timesMs,
      marked: 0,
      outputs: ({ batchTimeMs, outputName }) => {
        const times = timesMs.map((timeMs) => partitionTime(timeMs, batchTimeMs));
        const place = { prefix, partitionBy, outputName };
        return encodeObjects({ lines, timesMs: times }, place).map(({ key, rowCount, bytes }) => ({
          sinkUid: uid,
          role,
          target: { kind: 's3', bucketName, key },
          rowCount,
          bytes,
        }));
      },
    };
  }
}

/** Where the row of a batch without records comes from. */
const NO_RECORD = { shardId: null, sequenceNumber: null, subSequenceNumber: null } as const;

/** All rows of a batch for one target, one line each. */
function collectLines(
  sink: { readonly uid: string; readonly role: BatchOutput['role'] },
  targetOf: (context: OutputContext) => OutputTarget,
): Collected {
  const lines: string[] = [];
  return {
    lines,
    timesMs: [],
    marked: 0,
    outputs: (context) => [
      {
        sinkUid: sink.uid,
        role: sink.role,
        target: targetOf(context),
        rowCount: lines.length,
        bytes: encodeLines(lines),
      },
    ],
  };
}

/**
 * The time whose partition a row goes to: its own, or the batch's for a row that has none. A sliding
 * window may begin before the first year that a partition can name.
 */
function partitionTime(timeMs: number, batchTimeMs: number): number {
  if (Number.isNaN(timeMs)) return batchTimeMs;
  return Math.min(Math.max(timeMs, EVENT_TIME_MS_MIN), EVENT_TIME_MS_MAX);
}

function encoderOf(sink: StoringSink): (row: unknown) => EncodedRow {
  if (sink.kind !== 'dynamodb-sink') return encodeObjectRow;
  const rows = createTableRows(sink);
  return (row) =>
    typeof row === 'object' && row !== null
      ? rows.encodePut(row as Readonly<Record<string, unknown>>)
      : { reason: 'not-storable', detail: 'the row is no object, so it has no fields' };
}

function withoutTarget(uid: string, what: string): EngineError {
  return new EngineError('invalid', `sink '${uid}' was given no ${what} to write to`, {
    code: 'sink-without-target',
  });
}

/** What JSON has no form for is shown as text, so that the row can be looked at. */
function rowText(row: unknown): string {
  try {
    const text = JSON.stringify(row, (_, value) =>
      typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
        ? String(value)
        : value,
    );
    return text ?? String(row);
  } catch {
    return JSON.stringify({ fields: Object.keys(Object(row)) });
  }
}
