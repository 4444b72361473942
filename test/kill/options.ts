import { parseArgs } from 'node:util';

export const USAGE = `usage: npm run test:kill -- [--kills N] [--seed N] [--json]

Kills sandboxes of the example pipeline with SIGKILL at chosen calls while events flow, and compares
all that comes out with a plain computation. 25 kills take about half a minute on a quiet machine. Which
calls are struck is drawn from the seed; what meets whom is up to the processes, so no run is like another.

  --kills N   kills, 1 to 100,000 (default 25)
  --seed N    what is pushed and which calls are chosen, 0 to 4,294,967,295 (default 1)
  --json      one line of JSON on standard output instead of the report; progress goes to standard error
  --help      this text

Exit code: 0 when every row is right, 1 when one is not or the run stood still, 2 for a wrong option.
`;

const KILLS_MAX = 100_000;
const SEED_MAX = 2 ** 32 - 1;

export interface Options {
  readonly kills: number;
  readonly seed: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** The options, or the sentence that says what is wrong with them. */
export function parseOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        kills: { type: 'string', default: '25' },
        seed: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { json, help } = values;
    const kills = numberIn(values.kills, 1, KILLS_MAX);
    const seed = numberIn(values.seed, 0, SEED_MAX);
    if (kills === null) return `--kills must be a whole number from 1 to ${KILLS_MAX}`;
    if (seed === null) return `--seed must be a whole number from 0 to ${SEED_MAX}`;
    return { kills, seed, json, help };
  } catch (error) {
    return (error as Error).message;
  }
}

function numberIn(text: string, min: number, max: number): number | null {
  const number = Number(text);
  return /^\d+$/.test(text) && number >= min && number <= max ? number : null;
}
