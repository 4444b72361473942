// Draws a fault plan. Each seed gets its own mixture (some kinds of faults often, most of them not at
// all), because runs in which everything goes wrong at once all look alike.

import { type Chance, chanceOf } from './chance.ts';
import {
  CALL_FAULTS,
  type CallFault,
  type FaultPlan,
  INVOCATION_FAULTS,
  type InvocationFault,
  WORLD_FAULTS,
  type WorldFault,
} from './fault-plan.ts';

/** How large a run is when nothing goes wrong; faults are spread over it. */
export interface RunSize {
  readonly callCount: number;
  readonly invocationCount: number;
  readonly durationMs: number;
}

/** Operations that a run has few of get faults of their own, so that none of them goes untested. */
const SCARCE_OPERATIONS = ['GetObject', 'UpdateItem', 'Query', 'PutObject', 'GetItem'] as const;

/** Operations that only some runs have, each with every kind of fault; the rarer, the more often. */
const RARE_OPERATIONS = [
  ...['CopyObject', 'CopyObject', 'CopyObject'],
  ...['DeleteObjects', 'DeleteObjects', 'ListObjectsV2', 'ListObjectsV2'],
  ...['GetRecords', 'GetShardIterator'],
];
/** Only what is read from a bucket can come back damaged. */
const RARE_FAULTS = CALL_FAULTS.filter((kind) => kind !== 'damage');

/** The fault plan that a seed stands for. */
export function randomPlan(seed: number, size: RunSize): FaultPlan {
  const chance = chanceOf(seed, 'plan');
  const late = lateInvocations(seed, size);
  return {
    seed,
    calls: [...anyCalls(chance, size), ...scarceCalls(chance), ...rareCalls(seed), ...late.calls],
    invocations: [...invocationFaults(chance, size), ...late.invocations],
    world: worldFaults(chance, size),
  };
}

/**
 * Invocations that the service gives up while they stand still after their commit or at a row: they
 * publish when their successors have done so long ago.
 */
function lateInvocations(seed: number, { invocationCount }: RunSize) {
  const chance = chanceOf(seed, 'late');
  const places = Array.from({ length: chance.pick([0, 1, 3]) }, () =>
    chance.below(invocationCount),
  );
  return {
    invocations: places.map(
      (invocation): InvocationFault => ({ invocation, kind: chance.pick(GIVEN_UP) }),
    ),
    calls: places.map((invocation): CallFault => {
      const nth = chance.pick([0, 0, 0, 1, 2]);
      // What stands still before its commit comes to nothing.
      const kind = nth === 0 ? 'freeze-after' : chance.pick(LATE);
      return { invocation, operation: 'PutItem', nth, kind };
    }),
  };
}

const GIVEN_UP = ['forsaken', 'forsaken', 'twice'] as const;
const LATE = ['freeze-after', 'freeze-before', 'hold'] as const;

function anyCalls(chance: Chance, { callCount }: RunSize): CallFault[] {
  const kinds = mixture(chance, CALL_FAULTS);
  const count = Math.round((callCount * chance.pick([0, 1, 4, 12])) / 100);
  return Array.from({ length: count }, () => ({
    // Faults make a run longer, so some of them wait beyond the end of a calm one.
    call: chance.below(Math.ceil(callCount * 1.3)),
    kind: chance.pick(kinds),
  }));
}

function scarceCalls(chance: Chance): CallFault[] {
  const count = chance.pick([0, 1, 4]);
  return Array.from({ length: count }, () => {
    const operation = chance.pick(SCARCE_OPERATIONS);
    const kind = operation === 'GetObject' ? 'damage' : chance.pick(CALL_FAULTS);
    return { operation, nth: chance.below(12), kind };
  });
}

function rareCalls(seed: number): CallFault[] {
  const chance = chanceOf(seed, 'rare');
  return Array.from({ length: chance.pick([0, 4, 12]) }, () => ({
    operation: chance.pick(RARE_OPERATIONS),
    nth: chance.pick([0, 0, 1, 3]),
    kind: chance.pick(RARE_FAULTS),
  }));
}

function invocationFaults(chance: Chance, { invocationCount }: RunSize): InvocationFault[] {
  const kinds = mixture(chance, INVOCATION_FAULTS);
  const count = Math.round((invocationCount * chance.pick([0, 15, 50])) / 100);
  return Array.from({ length: count }, () => ({
    invocation: chance.below(invocationCount),
    kind: chance.pick(kinds),
  }));
}

function worldFaults(chance: Chance, { durationMs }: RunSize): WorldFault[] {
  const kinds = mixture(chance, WORLD_FAULTS);
  const count = chance.pick([0, 2, 6]);
  return Array.from({ length: count }, () => ({
    atMs: chance.below(durationMs),
    kind: chance.pick(kinds),
  }));
}

/** A few of the kinds, as likely as all of them. */
const mixture = <Kind>(chance: Chance, kinds: readonly Kind[]): Kind[] =>
  chance.shuffled(kinds).slice(0, chance.between(1, kinds.length));
