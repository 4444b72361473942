// Feeds a decoder with damaged inputs. Each is either read or refused with the decoder's own kind of
// error; anything else, an input that takes too long, memory that grows or a prototype that changes,
// is a failure that names the seed, the case and the input.

import { Script } from 'node:vm';
import type { Mutate } from './mutate-bytes.ts';
import { createRandom } from './random.ts';

export interface FuzzTarget {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  readonly mutate: Mutate;
  /** Decodes the input and uses what comes out as the engine does. */
  readonly read: (bytes: Uint8Array) => void;
  /** Whether this is how the decoder refuses an input. */
  readonly refuses: (error: unknown) => boolean;
}

export interface FuzzRun {
  readonly seed: number;
  readonly cases: number;
  /** A block of inputs that does not end is given up after this. @default 60,000 */
  readonly endlessMs?: number;
}

/** How many inputs were read and how many refused. */
export interface FuzzTally {
  readonly read: number;
  readonly refused: number;
}

const PATIENCE_MS = 100;
/** Repeats of a slow input: the garbage collector or a neighbour is not slow each time. */
const REPEATS = 5;
const ENDLESS_MS = 60_000;
const BLOCK_CASES = 250;
const GROWTH_BYTES_MAX = 384 * 1024 * 1024;

/** Throws the first failure; its message repeats it. */
export function fuzz(target: FuzzTarget, run: FuzzRun): FuzzTally {
  const random = createRandom(run.seed);
  const prototypes = prototypeNames();
  const peakBytes = peakMemoryBytes();
  const tally = { read: 0, refused: 0 };
  let at: { index: number; input: Uint8Array } = { index: -1, input: new Uint8Array() };
  const block = (end: number) => () => {
    for (let index = at.index + 1; index < end; index += 1) {
      at = { index, input: target.mutate(target.seeds, random) };
      tally[outcomeOf(target, at.input)] += 1;
    }
  };
  try {
    while (at.index + 1 < run.cases) {
      withinTime(block(Math.min(run.cases, at.index + 1 + BLOCK_CASES)), run.endlessMs);
      expectUnchanged(prototypes);
    }
    const grownBytes = peakMemoryBytes() - peakBytes;
    if (grownBytes > GROWTH_BYTES_MAX) throw new Error(`memory grew by ${grownBytes} bytes`);
  } catch (cause) {
    const hex = Buffer.from(at.input).toString('hex');
    throw new Error(
      `${target.name}: ${cause}\nseed ${run.seed}, case ${at.index}; to repeat it:\n` +
        `node --conditions=rivulet-source --import tsx test/fuzz/repeat.ts '${target.name}' ${hex}`,
      { cause },
    );
  }
  return tally;
}

/** Decides one input; throws when it is neither read nor refused properly, and in time. */
export function outcomeOf(target: FuzzTarget, input: Uint8Array): keyof FuzzTally {
  const startedAt = performance.now();
  const outcome = decide(target, input);
  if (performance.now() - startedAt <= PATIENCE_MS) return outcome;
  let fastestMs = Infinity;
  for (let repeat = 0; repeat < REPEATS && fastestMs > PATIENCE_MS; repeat += 1) {
    const usedBefore = usedMs();
    const again = decide(target, input);
    if (again !== outcome) throw new Error(`the input was ${outcome}, then ${again}`);
    fastestMs = Math.min(fastestMs, usedMs() - usedBefore);
  }
  if (fastestMs > PATIENCE_MS) throw new Error(`the input takes ${Math.round(fastestMs)} ms`);
  return outcome;
}

/** Time that this process had the processor, whoever else is busy on the machine. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function decide(target: FuzzTarget, input: Uint8Array): keyof FuzzTally {
  try {
    // A decoder may keep or change what it is given, but not what is reported.
    target.read(Uint8Array.from(input));
    return 'read';
  } catch (error) {
    if (!target.refuses(error)) throw error;
    return 'refused';
  }
}

const WORK = Symbol.for('rivulet.fuzz.work');
const script = new Script(`globalThis[Symbol.for('${WORK.description}')]()`);

/** A loop without end cannot be seen from inside; only `node:vm` stops one. */
function withinTime(work: () => void, timeout = ENDLESS_MS): void {
  (globalThis as unknown as Record<symbol, () => void>)[WORK] = work;
  script.runInThisContext({ timeout });
}

const prototypeNames = () =>
  [Object, Array, Function, String, Number, Map].map(({ prototype }) =>
    Reflect.ownKeys(prototype).map(String).join(),
  );

function expectUnchanged(before: readonly string[]): void {
  if (prototypeNames().join(' ') !== before.join(' ')) throw new Error('a prototype was changed');
}

const peakMemoryBytes = () => process.resourceUsage().maxRSS * 1024;
