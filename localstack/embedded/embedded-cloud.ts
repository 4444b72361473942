// The cloud on one's own machine: the models of lib/cloud behind one loopback port, with the functions
// of deployed stacks running in processes of their own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceError } from '../../lib/cloud/service.ts';
import { readAssembly, type StackSource } from './cloudformation/assembly.ts';
import type { CloudFormation, StackRequest } from './cloudformation/cloudformation.ts';
import type { Stack } from './cloudformation/stack.ts';
import { type CodeStore, createCodeStore } from './code-store.ts';
import { openDurableCloud, type RetryOptions } from './durable-cloud.ts';
import { createFeed, type Feed } from './feed.ts';
import { createFunctionLogs } from './function-logs.ts';
import { refuseForeign } from './http/origin.ts';
import { decideDestination } from './http/route.ts';
import { type Answer, type HttpServer, startHttpServer } from './http/server.ts';
import { createInvoker, type Invoker } from './invoker.ts';
import { errorCodeOf, Refused } from './refused.ts';
import { createSandboxPool, type SandboxPool, type SandboxStatus } from './sandbox/pool.ts';
import { createServices } from './services.ts';
import { answerTarget } from './wire/aws-json.ts';
import { answerLambda } from './wire/lambda-rest.ts';
import { answerQuery } from './wire/query/face.ts';
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
  /**
   * Milliseconds before each step of a deployment that a client asked for, to watch or interrupt it.
   * @default 0
   */
  readonly deploymentStepDelayMs?: number;
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
  /**
   * Deploys one template, in JSON or YAML, as a stack.
   * Rejects with Refused when it cannot be done.
   */
  deployTemplate(request: StackRequest): Promise<StackOutputs>;
  /** Outputs of the stacks that there are, whoever deployed them. */
  outputs(): StackOutputs;
  /** Whether a stack of this name was made, by whomever, and is not deleted. */
  hasStack(stackName: string): boolean;
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
  let pool: SandboxPool | undefined;
  const { call, stacks } = createServices({
    cloud,
    code,
    feed,
    changed: () => invoker?.poke(),
    functionGone: (functionName, version) => pool?.retire(functionName, version),
    stepDelayMs: options.deploymentStepDelayMs ?? 0,
  });
  const answer = createAnswer(call, () => invoker);
  const server = await listen(port, answer).catch((error: unknown) => {
    dropFolders();
    throw error;
  });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const sandboxes = createSandboxPool({
    endpoint: options.sandboxEndpoint ?? (() => endpoint),
    region: cloud.region,
    onOutput(functionName, text) {
      logs.append(functionName, text);
      feed.emit('output', { functionName, text });
    },
  });
  pool = sandboxes;
  invoker = createInvoker({ cloud, pool: sandboxes, code, logs, feed });
  invoker.poke();
  stacks.resume();

  return {
    endpoint,
    region: cloud.region,
    accountId: cloud.accountId,
    feed,
    deploy: async (source) => {
      const sources = typeof source === 'string' ? readAssembly(source) : source;
      return mergedOutputs(sources.map((one) => deploySource(one, { stacks, code })));
    },
    deployTemplate: async (request) => outputsOf(stacks.deploy(request)),
    outputs: () => mergedOutputs(cloud.stacks.stacks().map(outputsOf)),
    hasStack: (stackName) => isMade(cloud.stacks.find(stackName)),
    sandboxes: () => sandboxes.list(),
    killSandbox: (pid) => sandboxes.kill(pid),
    logsOf: (functionName) => logs.linesOf(functionName),
    async stop() {
      stacks.stop();
      invoker.stop();
      await Promise.all([server.stop(), sandboxes.stop()]);
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

function createAnswer(call: CallService, invoker: () => Invoker | undefined): Answer {
  return (request) => {
    const refusal = refuseForeign(request);
    if (refusal !== undefined) return refusal;
    const destination = decideDestination(request);
    switch (destination.kind) {
      case 'target':
        return answerTarget(request, destination, call);
      case 'query':
        return answerQuery(request, call);
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

/** The code of an assembly is taken first: the keys in its template stand for it then. */
function deploySource(
  { stackName, template, assets }: StackSource,
  { stacks, code }: { readonly stacks: CloudFormation; readonly code: CodeStore },
): StackOutputs {
  for (const [key, folder] of assets) code.name(key, code.addFolder(folder));
  return outputsOf(stacks.deploy({ stackName, templateBody: JSON.stringify(template) }));
}

/** Of a creation that was taken back, or a deletion, at most the name is left. */
function isMade(stack: Stack | undefined): boolean {
  return stack !== undefined && !/^(REVIEW|ROLLBACK|DELETE)_/.test(stack.status);
}

function outputsOf({ outputs }: Stack): StackOutputs {
  return Object.fromEntries(outputs.map(({ key, value }) => [key, value]));
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
