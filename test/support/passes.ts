// Drives a plan batch by batch in memory: what the partition task does, without log and services.

import { decodeBatch } from '../../lib/decoding/decode-batch.ts';
import type { BatchOutput, WatermarkFloor } from '../../lib/model/commit.ts';
import type { HashRange } from '../../lib/model/hash-range.ts';
import { asBatchTimeMs, asShardId } from '../../lib/model/ids.ts';
import type { DeliveredRecord } from '../../lib/model/record.ts';
import { Pass } from '../../lib/operators/pass.ts';
import { type Plan, sourceOf } from '../../lib/plan/plan.ts';
import type { BatchInput, BatchResult, ExecutablePlan } from '../../lib/runtime/batch.ts';
import { compilePlan } from '../../lib/runtime/process-batch.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { aRecord } from './records.ts';

const WHOLE_RANGE: HashRange = { start: 0n, end: 2n ** 128n - 1n };

/** Arrival of the first record of a drive. */
export const ARRIVAL_MS = 1_700_000_000_000;

type Row = Record<string, unknown>;

/** What one batch gave, decoded. */
export interface PassAnswer {
  readonly result: BatchResult;
  readonly delta: Uint8Array;
  /** Rows by sink uid; for tables the readable attributes. */
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  readonly late: readonly Row[];
  readonly dead: readonly (Row & { readonly reason: string; readonly detail: string })[];
  readonly keys: readonly string[];
}

/** A plan with its state, fed by hand. */
export class PassDrive {
  state = KeyedState.empty();
  watermarkMs: number | null = null;
  floors: readonly WatermarkFloor[] = [];
  hashRange = WHOLE_RANGE;
  private readonly executable: ExecutablePlan;
  private index = 0;
  private batches = 0;

  private readonly origin: ReturnType<BatchInput['originOf']>;

  constructor(plan: Plan) {
    this.origin = { source: sourceOf(plan).name, shardId: asShardId('shardId-000000000000') };
    this.executable = compilePlan(plan, targetsOf(plan));
  }

  /** Passes events (or texts that are no JSON) as one batch and adopts the draft. */
  push(events: readonly unknown[], overrides: Partial<BatchInput> = {}): PassAnswer {
    const answer = this.pass(events, overrides);
    this.state.adopt(answer.result.draft);
    this.watermarkMs = answer.result.watermarkMs;
    return answer;
  }

  /** Passes a batch and forgets what it would change. */
  pass(events: readonly unknown[], overrides: Partial<BatchInput> = {}): PassAnswer {
    const records = events.map((event): DeliveredRecord => {
      const text = typeof event === 'string' ? event : JSON.stringify(event);
      const arrival = ARRIVAL_MS / 1_000 + this.index / 1_000;
      return aRecord(text, this.index++, { approximateArrivalTimestamp: arrival });
    });
    this.batches += 1;
    const decoded = decodeBatch(records, null);
    const result = this.executable.processBatch({
      state: this.state,
      decoded,
      from: 0,
      to: decoded.count,
      originOf: () => this.origin,
      givenWatermarkMs: null,
      tables: new Map(),
      hashRange: this.hashRange,
      watermarkMs: this.watermarkMs,
      floors: this.floors,
      batchTimeMs: asBatchTimeMs(ARRIVAL_MS),
      outputName: `inc-shard-${this.batches}`,
      setAside: null,
      ...overrides,
    });
    return answerOf(result);
  }
}

function targetsOf(plan: Plan) {
  const targets: Record<string, Parameters<typeof compilePlan>[1][string]> = {
    'dead-letters': { kind: 's3', bucketName: 'out', prefix: 'dead-letters/' },
  };
  for (const node of plan.nodes) {
    if (node.kind === 'dynamodb-sink') {
      targets[node.uid] = { kind: 'dynamodb', tableName: node.name };
    }
    if (node.kind === 's3-sink') {
      targets[node.uid] = { kind: 's3', bucketName: 'out', prefix: `rows/${node.name}/` };
    }
  }
  return targets;
}

function answerOf(result: BatchResult): PassAnswer {
  const rows: Record<string, Row[]> = {};
  const [late, dead, keys]: [Row[], PassAnswer['dead'][number][], string[]] = [[], [], []];
  for (const output of result.outputs) {
    const lines = linesOf(output);
    if (output.role === 'late') late.push(...lines);
    else if (output.role === 'dead-letters') dead.push(...(lines as PassAnswer['dead'][number][]));
    else rows[output.sinkUid] = [...(rows[output.sinkUid] ?? []), ...lines];
    if (output.target.kind === 's3') keys.push(output.target.key);
  }
  return { result, delta: result.draft.encodeDelta(), rows, late, dead, keys };
}

function linesOf(output: BatchOutput): Row[] {
  const lines = Buffer.from(output.bytes).toString('utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const row = JSON.parse(line);
    return output.target.kind === 's3' ? row : readable(row.put);
  });
}

function readable(item: Record<string, Record<string, unknown>>): Row {
  const row: Row = {};
  for (const [name, attribute] of Object.entries(item)) {
    if (name === 'pk' || name === 'sk') continue;
    const [type, value] = Object.entries(attribute)[0]!;
    row[name] = type === 'N' ? Number(value) : type === 'NULL' ? null : value;
  }
  return row;
}

/** A pass for parts of an operator: whatever fails is thrown. */
export const aPass = () =>
  new Pass({
    attempt(action) {
      action();
      return null;
    },
    setAside(fault) {
      throw fault;
    },
  });
