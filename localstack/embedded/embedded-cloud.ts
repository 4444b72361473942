// The cloud on one's own machine: the models of lib/cloud behind one loopback port, with the functions
// of deployed stacks running in processes of their own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceError } from '../../lib/cloud/service.ts';
import { readAssembly, type StackSource } from './cloudformation/assembly.ts';
import { deployStack } from './cloudformation/deploy.ts';
import type { Workshop } from './cloudformation/resources/resource-type.ts';
import { type CodeStore, createCodeStore } from './code-store.ts';
import { type DurableCloud, openDurableCloud, type RetryOptions } from './durable-cloud.ts';
import { createFeed, type Feed } from './feed.ts';
import { createFunctionLogs } from './function-logs.ts';
import { decideDestination } from './http/route.ts';
import { type Answer, type HttpServer, startHttpServer } from './http/server.ts';
import { createInvoker, type Invoker } from './invoker.ts';
import { errorCodeOf, Refused } from './refused.ts';
import { createSandboxPool, type SandboxStatus } from './sandbox/pool.ts';
import { answerTarget } from './wire/aws-json.ts';
import { answerLambda } from './wire/lambda-rest.ts';
import { answerQuery } from './wire/query.ts';
import type { CallService } from './wire/refusal.ts';
import { answerS3 } from './wire/s3/face.ts';

export interface EmbeddedCloudOptions {
  /**
   * Port on 127.0.0.1; 0 takes any free one.
   * @default 0
   */
  readonly port?: number;
  /**
   * Folder that outlives the process.
   * @default everything is gone when the cloud stops
   */
  readonly dataDirectory?: string;
  /**
   * Enforce the throughput limits of shards; sizes always are.
   * @default false
   */
  readonly rates?: boolean;
  /**
   * How mappings deliver a failing batch again; a folder is opened with what it was begun with.
   * @default the same batch, at most 30 s later
   */
  readonly retries?: RetryOptions;
  /**
   * Where a sandbox sends its requests, a proxy for example; asked once for each that starts.
   * @default the cloud's own endpoint
   */
  readonly sandboxEndpoint?: () => string;
}

/** Outputs of all stacks deployed together; one that several stacks have is joined by commas. */
export type StackOutputs = Readonly<Record<string, string>>;

export interface EmbeddedCloud {
  /** `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`. */
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  /** What happens, as it happens. */
  readonly feed: Feed;
  /**
   * Deploys a CDK cloud assembly (its folder) or templates; stacks that exist are changed in place.
   * Rejects with Refused when it cannot be done.
   */
  deploy(source: string | readonly StackSource[]): Promise<StackOutputs>;
  /** The processes that run functions. */
  sandboxes(): readonly SandboxStatus[];
  /** SIGKILL; false when there is no such sandbox. */
  killSandbox(pid: number): boolean;
  /** The last lines that a function printed. */
  logsOf(functionName: string): readonly string[];
  /** Ends the server and every sandbox; resolves when the last process is gone. */
  stop(): Promise<void>;
}

/**
 * Starts the cloud.
 *
 * @throws Refused when the port or the folder cannot be had
 * @example
 * const cloud = await startEmbeddedCloud({ port: 0 });
 * const outputs = await cloud.deploy('cdk.out');
 * await cloud.stop();
 */
export async function startEmbeddedCloud(
  options: EmbeddedCloudOptions = {},
): Promise<EmbeddedCloud> {
  const { port = 0, rates = false, retries = {}, dataDirectory } = options;
  const cloud = openDurableCloud({ rates, retries, dataDirectory });
  const codeDirectory = cloud.codeDirectory ?? mkdtempSync(join(tmpdir(), 'rivulet-'));
  const dropFolders = () => {
    cloud.close();
    if (cloud.codeDirectory === undefined) rmSync(codeDirectory, { recursive: true, force: true });
  };
  const code = createCodeStore(codeDirectory);
  const feed = createFeed();
  const logs = createFunctionLogs();
  let invoker: Invoker | undefined;
  const call = callThrough({ cloud, code, feed, changed: () => invoker?.poke() });
  const answer = createAnswer(cloud, call, () => invoker);
  const server = await listen(port, answer).catch((error: unknown) => {
    dropFolders();
    throw error;
  });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const pool = createSandboxPool({
    endpoint: options.sandboxEndpoint ?? (() => endpoint),
    region: cloud.region,
    onOutput(functionName, text) {
      logs.append(functionName, text);
      feed.emit('output', { functionName, text });
    },
  });
  invoker = createInvoker({ cloud, pool, code, logs, feed });
  invoker.poke();

  return {
    endpoint,
    region: cloud.region,
    accountId: cloud.accountId,
    feed,
    deploy: async (source) => {
      const stacks = typeof source === 'string' ? readAssembly(source) : source;
      const deployed = stacks.map((stack) => deployOne(stack, { cloud, call, code }));
      return mergedOutputs(deployed.map(({ outputs }) => outputs));
    },
    sandboxes: () => pool.list(),
    killSandbox: (pid) => pool.kill(pid),
    logsOf: (functionName) => logs.linesOf(functionName),
    async stop() {
      invoker.stop();
      await Promise.all([server.stop(), pool.stop()]);
      dropFolders();
    },
  };
}

async function listen(port: number, answer: Answer): Promise<HttpServer> {
  try {
    return await startHttpServer({ port, answer });
  } catch (error) {
    switch (errorCodeOf(error)) {
      case 'EADDRINUSE':
        throw new Refused(`port ${port} is taken: stop what uses it, or take any free one with 0`);
      case 'EACCES':
        throw new Refused(`port ${port} may not be used by this user: take one above 1023`);
      default:
        throw error;
    }
  }
}

/** Every call of a service, from outside or from a deployment, goes through here. */
function callThrough(parts: {
  readonly cloud: DurableCloud;
  readonly code: CodeStore;
  readonly feed: Feed;
  readonly changed: () => void;
}): CallService {
  const { cloud, code, feed, changed } = parts;
  return (service, operation, input) => {
    const report = (refusal: string | null) => {
      if (feed.listenerCount('request') > 0) feed.emit('request', { service, operation, refusal });
    };
    try {
      if (service === 'lambda') unpackCode(code, input);
      const output = cloud.call(service, operation, input);
      // Only these can make a function due.
      if (service === 'kinesis' || service === 'lambda' || service === 'events') changed();
      report(null);
      return output;
    } catch (error) {
      report(error instanceof ServiceError ? error.code : 'InternalFailure');
      throw error;
    }
  };
}

/** Code that comes with a call is unpacked before the function exists, so that a broken archive is refused. */
function unpackCode(code: CodeStore, input: object): void {
  const { ZipFile, Code } = input as { ZipFile?: Buffer; Code?: { ZipFile?: Buffer } };
  const archive = ZipFile ?? Code?.ZipFile;
  if (archive !== undefined) code.addZip(archive);
}

function createAnswer(
  cloud: DurableCloud,
  call: CallService,
  invoker: () => Invoker | undefined,
): Answer {
  return (request) => {
    const destination = decideDestination(request);
    switch (destination.kind) {
      case 'target':
        return answerTarget(request, destination, call);
      case 'query':
        return answerQuery(request, cloud);
      case 'lambda':
        return answerLambda(request, call, (invocation) => {
          const running = invoker();
          if (running !== undefined) return running.invoke(invocation);
          throw new ServiceError('ServiceException', 'the cloud is starting', { statusCode: 503 });
        });
      case 's3':
        return answerS3(request, call);
    }
  };
}

function deployOne(
  source: StackSource,
  parts: { readonly cloud: DurableCloud; readonly call: CallService; readonly code: CodeStore },
) {
  const { cloud, call, code } = parts;
  const workshop: Workshop = {
    region: cloud.region,
    accountId: cloud.accountId,
    call: (service, operation, input) =>
      call(service, operation, input) as Readonly<Record<string, unknown>>,
    storeCode({ S3Key, ZipFile }, logicalId) {
      if (typeof ZipFile === 'string') return code.addInline(ZipFile);
      const folder = source.assets.get(String(S3Key));
      if (folder !== undefined) return code.addFolder(folder);
      throw new Refused(
        `the code of ${logicalId} (${S3Key}) is not in the assembly: synthesise the app again`,
      );
    },
  };
  return deployStack(source, {
    previous: cloud.stacks().find(({ stackName }) => stackName === source.stackName),
    workshop,
    nowMs: Date.now(),
    keep: (stack) => cloud.keepStack(stack),
  });
}

function mergedOutputs(all: readonly StackOutputs[]): StackOutputs {
  const merged: Record<string, string> = {};
  for (const outputs of all) {
    for (const [key, value] of Object.entries(outputs)) {
      merged[key] = merged[key] === undefined ? value : `${merged[key]},${value}`;
    }
  }
  return merged;
}
