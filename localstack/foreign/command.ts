// What `npm run localstack` and `npm run ministack` have in common. What a program reads goes to
// standard output, what a person reads when --json is given, and everything that goes wrong, to
// standard error.

import { parseArgs } from 'node:util';
import type { ForeignCloud, ForeignOptions } from './foreign-cloud.ts';

export interface Command {
  readonly product: string;
  readonly usage: string;
  /** Switches of its own besides `--port`, `--json` and `--help`. */
  readonly switches: readonly string[];
  start(options: ForeignOptions, switches: ReadonlySet<string>): Promise<ForeignCloud>;
}

interface Settings {
  readonly port: number;
  readonly json: boolean;
  readonly help: boolean;
  readonly switches: ReadonlySet<string>;
}

/** Wrong usage; the message says what to write instead. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

/** Runs the command until Ctrl-C; the exit code. */
export async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => ended.abort());
  }
  try {
    const settings = parseSettings(command, args);
    if (settings.help) process.stdout.write(command.usage);
    else await serve(command, settings, ended.signal);
    return 0;
  } catch (error) {
    if (ended.signal.aborted) return 0;
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return error instanceof WrongUsage ? 2 : 1;
  }
}

function parseSettings(command: Command, args: readonly string[]): Settings {
  const { port, json, help, ...others } = parseFlags(command, args);
  if (typeof port !== 'string' || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new WrongUsage(`--port takes a number from 0 to 65535, not '${port}'`);
  }
  const switches = new Set(Object.keys(others).filter((name) => others[name] === true));
  return { port: Number(port), json: json === true, help: help === true, switches };
}

function parseFlags(
  command: Command,
  args: readonly string[],
): Readonly<Record<string, string | boolean | undefined>> {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '4566' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
        ...Object.fromEntries(command.switches.map((name) => [name, { type: 'boolean' as const }])),
      },
    }).values;
  } catch (error) {
    throw new WrongUsage(`${error instanceof Error ? error.message : error}\n\n${command.usage}`);
  }
}

async function serve(command: Command, settings: Settings, signal: AbortSignal): Promise<void> {
  const { port, json, switches } = settings;
  const output = json ? process.stderr : process.stdout;
  const say = (line: string) => void output.write(`${line}\n`);
  const cloud = await command.start({ port, say, signal }, switches);
  try {
    const { endpoint, region, accountId } = cloud;
    if (json) {
      process.stdout.write(`${JSON.stringify({ ready: true, endpoint, region, accountId })}\n`);
    } else say(instructions(command.product, cloud));
    const death = await Promise.race([cloud.died, untilAborted(signal)]);
    if (death !== undefined) throw new Error(death);
    say('stopping …');
  } finally {
    await cloud.stop();
  }
}

function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined));
  });
}

function instructions(product: string, { endpoint, region, accountId, log }: ForeignCloud): string {
  const { FORCE_COLOR, NO_COLOR } = process.env;
  const isColoured = FORCE_COLOR ? true : process.stdout.isTTY && !NO_COLOR;
  const bold = (text: string) => (isColoured ? `\u001b[1m${text}\u001b[0m` : text);
  return `
${bold(`${product} is up`)} at ${endpoint} (Ctrl-C ends it; its log: ${log}).

${bold('Point any AWS client at it, the CDK included:')}
  export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region}
  export AWS_DEFAULT_REGION=${region} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test

${bold('Deploy the example:')}
  npx cdk bootstrap aws://${accountId}/${region}
  npx cdk deploy --method=direct --require-approval never
`;
}
