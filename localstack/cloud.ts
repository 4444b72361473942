// `npm run cloud`: synthesises the app, brings up the embedded cloud, deploys into it and stays until
// Ctrl-C. What a program reads goes to standard output, what a person reads when --json is given, and
// everything that goes wrong, to standard error.

import { parseArgs } from 'node:util';
import { cleanEnvironment } from '../environment.ts';
import { bootstrap } from './bootstrap.ts';
import { type EmbeddedCloud, startEmbeddedCloud } from './embedded/embedded-cloud.ts';
import { Refused } from './embedded/refused.ts';
import { type PipelinePlaces, placesOf } from './pipelines.ts';
import { synthesise } from './synthesise.ts';

const USAGE = `Usage: npm run cloud -- [--pipeline NAME,… | --empty] [--port N] [--data DIR] [--json]

Brings up Kinesis, DynamoDB, S3, Lambda and CloudFormation on 127.0.0.1 with the app deployed, until
Ctrl-C. The environment is bootstrapped: cdk deploy, diff and destroy work against it.

  --pipeline NAME  deploy functions/pipelines/NAME.ts; several with commas (default: of cdk.json)
  --empty          deploy nothing: cdk deploy does
  --port N         listen on port N; 0 takes any free one (default 4566)
  --data DIR       keep everything in DIR and go on from what it holds
  --json           print one line of JSON when ready, and nothing else on standard output
  --help           print this
`;

interface Settings {
  readonly pipeline: string | undefined;
  readonly empty: boolean;
  readonly port: number;
  readonly dataDirectory: string | undefined;
  readonly json: boolean;
}

/** Wrong usage; the message says what to write instead. */
class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  cleanEnvironment();
  try {
    const settings = parseSettings(args);
    if (settings === 'help') process.stdout.write(USAGE);
    else await serve(settings);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return error instanceof WrongUsage ? 2 : 1;
  }
}

function parseSettings(args: readonly string[]): Settings | 'help' {
  const values = parseFlags(args);
  if (values.help) return 'help';
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) {
    throw new WrongUsage(`--port takes a number from 0 to 65535, not '${values.port}'`);
  }
  if (values.data === '') throw new WrongUsage('--data takes a folder');
  const { pipeline, empty, port, data, json } = values;
  if (empty && pipeline !== undefined) {
    throw new WrongUsage('--empty deploys no pipeline: leave --pipeline or --empty out');
  }
  return { pipeline, empty, port: Number(port), dataDirectory: data, json };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        pipeline: { type: 'string' },
        empty: { type: 'boolean', default: false },
        port: { type: 'string', default: '4566' },
        data: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new WrongUsage(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

async function serve(settings: Settings): Promise<void> {
  const { pipeline, empty, port, dataDirectory, json } = settings;
  const ended = untilEnded();
  // A full disk under --data, say: what was not written down must not be answered, so nothing goes on.
  process.on('uncaughtException', (error) => {
    process.stderr.write(`the cloud cannot go on: ${error.message}\n`);
    process.exit(1);
  });
  const say = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`);
  const cloud = await startEmbeddedCloud({
    port,
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
  });
  try {
    reportFailures(cloud);
    await bootstrapOrSay(cloud);
    if (!empty) {
      say('synthesising the app …');
      await deployApp(cloud, pipeline);
    }
    const outputs = cloud.outputs();
    if (ended.isOver()) return;
    const pipelines = placesOf(outputs);
    if (json) {
      const { endpoint, region } = cloud;
      process.stdout.write(`${JSON.stringify({ ready: true, endpoint, region, pipelines })}\n`);
    } else say(instructions(cloud, pipelines));
    await ended.promise;
    say('stopping …');
  } finally {
    await cloud.stop();
  }
}

/** Ctrl-C, a polite kill, or the terminal's end. */
function untilEnded(): { readonly promise: Promise<void>; readonly isOver: () => boolean } {
  let over = false;
  const promise = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        over = true;
        resolve();
      });
    }
  });
  return { promise, isOver: () => over };
}

/** An environment without a bootstrap stack still has all that is deployed in it. */
async function bootstrapOrSay(cloud: EmbeddedCloud): Promise<void> {
  try {
    await bootstrap(cloud);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    process.stderr.write(
      `the environment is not bootstrapped (${error.message}): remove what is in the way and run ` +
        'cdk bootstrap, which cdk deploy needs\n',
    );
  }
}

async function deployApp(cloud: EmbeddedCloud, pipeline: string | undefined): Promise<void> {
  const assembly = await synthesise(pipeline === undefined ? {} : { pipeline });
  try {
    await cloud.deploy(assembly.directory);
  } finally {
    await assembly.remove();
  }
}

/** A function that fails is retried in silence otherwise, and its author looks at an empty table. */
function reportFailures(cloud: EmbeddedCloud): void {
  cloud.feed.on('invocation-settled', ({ functionName, failure }) => {
    if (failure === null) return;
    const { errorType, errorMessage } = failure;
    process.stderr.write(`${functionName} failed: ${errorType}: ${errorMessage}\n`);
  });
}

function instructions(
  cloud: EmbeddedCloud,
  pipelines: Readonly<Record<string, PipelinePlaces>>,
): string {
  const { FORCE_COLOR, NO_COLOR } = process.env;
  const isColoured = FORCE_COLOR ? true : process.stdout.isTTY && !NO_COLOR;
  const bold = (text: string) => (isColoured ? `\u001b[1m${text}\u001b[0m` : text);
  const lines = [
    '',
    `${bold('The embedded cloud is up')} at ${cloud.endpoint} (Ctrl-C ends it).`,
    '',
    bold('Point any AWS client and the CDK at it:'),
    `  export AWS_ENDPOINT_URL=${cloud.endpoint} AWS_REGION=${cloud.region}`,
    `  export AWS_DEFAULT_REGION=${cloud.region} AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any`,
    '  npx cdk deploy',
  ];
  for (const [name, places] of Object.entries(pipelines)) {
    lines.push('', bold(`Pipeline ${name}:`), ...exampleOf(name, places));
  }
  return `${lines.join('\n')}\n`;
}

function exampleOf(name: string, places: PipelinePlaces): string[] {
  const { table, bucket, rowsPrefix = '', latePrefix, deadLettersPrefix } = places;
  const event = name === 'delays' ? delayEvent() : { data: '{…}', key: 'KEY' };
  const streams = places.streams === undefined ? [places.stream] : Object.values(places.streams);
  const [stream] = streams;
  const lines = streams.flatMap((each) => [
    // Both versions of the AWS CLI read bytes from a file as they are.
    `  echo '${event.data}' |`,
    `    aws kinesis put-record --stream-name ${each} --partition-key ${event.key} --data fileb:///dev/stdin`,
  ]);
  if (table !== undefined) lines.push(`  aws dynamodb scan --table-name ${table}`);
  if (bucket !== undefined) {
    for (const prefix of [rowsPrefix, latePrefix, deadLettersPrefix]) {
      if (prefix !== undefined) lines.push(`  aws s3 ls --recursive s3://${bucket}/${prefix}`);
    }
  }
  lines.push(
    '  or in JavaScript:',
    "  import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';",
    '  await new KinesisClient({}).send(new PutRecordCommand({',
    `    StreamName: '${stream}', PartitionKey: '${event.key}',`,
    `    Data: Buffer.from('${event.data}'),`,
    '  }));',
  );
  return lines;
}

function delayEvent(): { readonly key: string; readonly data: string } {
  const departure = {
    departedAt: Date.now(),
    origin: 'LAS',
    destination: 'PHL',
    delay: 33,
    distance: 2176,
  };
  return { key: departure.origin, data: JSON.stringify(departure) };
}
