// Computes committed batches again, from the same records in the very same cuts: an engine that moves
// state, position and outputs together is right only if user code gives the same result each time. So
// what differs here depends on something that is no record.

import { compilePlan } from '../runtime/process-batch.ts';
import { sha256Hex } from '../state/digest.ts';
import { KeyedState } from '../state/keyed-state.ts';
import { type Ambience, type AmbientSource, runInside, withEnvironment } from './ambient.ts';
import { chanceOf } from './faults/chance.ts';
import type { AskedLog, CommittedPass, ObservedRun } from './observed-run.ts';
import {
  type CommittedOutput,
  collectOutputs,
  differenceOf,
  type RowDifference,
} from './outputs.ts';
import { createInstance, type Simulated } from './subject.ts';
import { stateDigestOf } from './watch/journal.ts';
import { targetsOf } from './world/targets.ts';

/** What one batch gave when it was computed again. */
export interface ReplayedPass {
  readonly outputs: CommittedPass['outputs'];
  readonly stateDigest: string;
}

export type Replay = readonly (readonly ReplayedPass[])[];

/** Where a computation gave something else than another one of the same batch. */
export interface ReplayDifference {
  readonly batchNumber: number;
  readonly shardId: string;
  /** `null` where the rows are the same and only the state is not. */
  readonly row: RowDifference | null;
}

export const AMBIENT_SOURCES: readonly AmbientSource[] = [
  'clock',
  'chance',
  'zone',
  'locale',
  'environment',
];

/** Computes all batches of a run again, in a process that differs in the sources named. */
export function replayRun(
  simulated: Simulated,
  run: ObservedRun,
  options: {
    readonly other: readonly AmbientSource[];
    readonly asked: AskedLog;
    /** Names the random values where they are to be others. @default 2 */
    readonly draws?: number;
  },
): Replay {
  const { plan } = createInstance(simulated);
  const executable = compilePlan(plan, targetsOf(plan));
  const differs = (source: AmbientSource) => options.other.includes(source);
  const ambience = replayAmbience(run, differs, options);
  const replay = () =>
    run.logs.map((passes) => {
      const state = KeyedState.empty();
      return passes.map(({ input }) => {
        const { draft, outputs } = executable.processBatch({ ...input, state });
        state.adopt(draft);
        return { outputs, stateDigest: stateDigestOf(state) };
      });
    });
  return withEnvironment(
    { ...(differs('zone') ? OTHER_ZONE : {}), ...(differs('environment') ? OTHER_PROCESS : {}) },
    () => runInside(ambience, replay),
  );
}

/** The first batch of which a run has committed something else than its replay gives. */
export function differenceFromRun(run: ObservedRun, replay: Replay): ReplayDifference | null {
  const committed = run.logs.map((passes) =>
    passes.map(({ entry, outputs }) => ({ outputs, stateDigest: entry.stateDigest })),
  );
  return differenceBetween(run, committed, replay);
}

/** The first batch for which two computations differ. */
export function differenceBetween(
  run: ObservedRun,
  first: Replay,
  second: Replay,
): ReplayDifference | null {
  for (const [log, passes] of run.logs.entries()) {
    for (const [index, { entry, input }] of passes.entries()) {
      const [one, other] = [first[log]![index]!, second[log]![index]!];
      const isEqual = digestOf(one) === digestOf(other);
      if (isEqual) continue;
      const { batchNumber } = entry.commit.header;
      const row = differenceOf(finalOf(other), finalOf(one), 0);
      return { batchNumber, shardId: input.originOf(input.from).shardId, row };
    }
  }
  return null;
}

/** Outputs of a pass in the form in which runs are compared. */
export const committedOutputsOf = (outputs: CommittedPass['outputs']): readonly CommittedOutput[] =>
  outputs.map(({ sinkUid, role, target, bytes }) => ({ sinkUid, role, kind: target.kind, bytes }));

const finalOf = ({ outputs }: ReplayedPass) =>
  collectOutputs(committedOutputsOf(outputs), new Set(), new Map());

const digestOf = ({ outputs, stateDigest }: ReplayedPass) =>
  sha256Hex(
    Buffer.from(JSON.stringify([stateDigest, outputs.map(({ target }) => target)]), 'utf8'),
    ...outputs.map(({ bytes }) => bytes),
  );

const DAY_MS = 86_400_000;

/** A clock that stands: a batch takes no time, and only another clock changes what it gives. */
function replayAmbience(
  run: ObservedRun,
  differs: (source: AmbientSource) => boolean,
  { asked, draws = 2 }: { readonly asked: AskedLog; readonly draws?: number },
): Ambience {
  const startMs = run.logs[0]?.[0]?.input.batchTimeMs ?? 0;
  const nowMs = startMs + (differs('clock') ? 100 * DAY_MS + 12_345_678 : 0);
  const chance = chanceOf(differs('chance') ? draws : 1, 'replay');
  return {
    nowMs: () => nowMs,
    startedMs: nowMs - (differs('clock') ? 12_345 : 1_000),
    draw: () => chance.below(2 ** 32),
    after: () => () => {},
    locale: differs('locale') ? 'tr-TR' : 'en-US',
    sandbox: differs('environment') ? -2 : -1,
    asked: (source, name) => asked.add(source, name),
    rejected: () => {},
  };
}

/** Far from most machines, and not a whole number of hours from any other zone. */
const OTHER_ZONE = { TZ: 'Pacific/Chatham' };

/** What Lambda sets in each sandbox to something else. */
const OTHER_PROCESS = {
  AWS_LAMBDA_LOG_STREAM_NAME: '2026/01/01/[2]0123456789abcdef',
  AWS_LAMBDA_FUNCTION_VERSION: '2',
  _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793',
};
