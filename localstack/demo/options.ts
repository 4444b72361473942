import { parseArgs } from 'node:util';
import { FLIGHTS_MAX } from './flights.ts';

export const USAGE = `usage: npm start -- [--events N] [--json]

Deploys the example pipeline into a cloud inside this process, pushes real events through it, kills
a sandbox on the way and compares what comes out with a plain computation.

  --events N   departures to push, 10,000 to 3,000,000 (default 120,000)
  --json       one line of JSON on standard output instead of the report; progress goes to standard error
  --help       this text
`;

const EVENTS_DEFAULT = 120_000;
const EVENTS_MIN = 10_000;

export interface Options {
  readonly events: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** The options, or the sentence that says what is wrong with them. */
export function parseOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        events: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const events = values.events === undefined ? EVENTS_DEFAULT : Number(values.events);
    if (!Number.isInteger(events) || events < EVENTS_MIN || events > FLIGHTS_MAX) {
      return `--events must be a whole number from ${EVENTS_MIN} to ${FLIGHTS_MAX}, not ${values.events}`;
    }
    return { events, json: values.json, help: values.help };
  } catch (error) {
    return (error as Error).message;
  }
}
