// One sandbox: a process of its own that runs one invocation of one function at a time and can be
// killed at any moment.

import { type ChildProcess, fork } from 'node:child_process';
import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.mjs', import.meta.url));
/** How often a sandbox looks whether the cloud is still there. */
const WATCH_MS = 500;
/** Loading may take this long; Lambda allows 10 s, on machines that do nothing else. */
const LOAD_TIMEOUT_MS = 60_000;

/** A function as it is run: one version with its code unpacked. */
export interface RunnableFunction {
  readonly functionName: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  readonly runtime: string;
  /** `module.export` */
  readonly handler: string;
  readonly codeDirectory: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
}

interface Failure {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export type Outcome =
  /** `payload` is JSON. */
  { readonly kind: 'returned'; readonly payload: string } | ({ readonly kind: 'failed' } & Failure);

export interface Invocation {
  readonly requestId: string;
  /** As it was invoked, with its qualifier. */
  readonly functionArn: string;
  /** JSON. */
  readonly event: string;
}

export interface Sandbox {
  readonly pid: number;
  /** False from the moment it was killed or died. */
  readonly alive: boolean;
  /** Never rejects: whatever ends the process in the middle is a failed invocation. */
  invoke(invocation: Invocation): Promise<Outcome>;
  /** SIGKILL. */
  kill(): void;
}

type Report = Outcome | { readonly kind: 'ready' } | ({ readonly kind: 'unloadable' } & Failure);

/** Starts a process; loading the code happens inside it and is part of its first invocation. */
export function startSandbox(options: {
  readonly runnable: RunnableFunction;
  readonly endpoint: string;
  readonly region: string;
  readonly onOutput: (text: string) => void;
  readonly onExit: () => void;
}): Sandbox {
  const { runnable, onOutput, onExit } = options;
  const child = fork(
    BOOTSTRAP,
    [runnable.codeDirectory, runnable.handler, String(process.pid), String(WATCH_MS)],
    {
      cwd: runnable.codeDirectory,
      env: environmentOf(options),
      execArgv: [`--max-old-space-size=${runnable.memoryMb}`],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  child.stdout?.setEncoding('utf8').on('data', onOutput);
  child.stderr?.setEncoding('utf8').on('data', onOutput);

  let alive = true;
  let exited = false;
  let settle: ((outcome: Outcome) => void) | undefined;
  const loaded = waitForLoad(child);
  const end = (outcome: Outcome) => {
    const settled = settle;
    settle = undefined;
    settled?.(outcome);
  };
  child.on('message', (report: Report) => {
    if (report.kind === 'returned' || report.kind === 'failed') end(report);
  });
  const die = (reason: string) => {
    if (exited) return;
    exited = true;
    alive = false;
    end(failure('Runtime.ExitError', `the sandbox ended with ${reason}`));
    onExit();
  };
  child.once('exit', (code, signal) => die(signal ?? `exit status ${code}`));
  child.on('error', (error) => die(error.message));

  const kill = () => {
    alive = false;
    child.kill('SIGKILL');
  };

  return {
    pid: child.pid ?? 0,
    get alive() {
      return alive;
    },
    invoke: (invocation) =>
      new Promise((resolve) => {
        let timer: NodeJS.Timeout | undefined;
        settle = (outcome) => {
          clearTimeout(timer);
          resolve(outcome);
        };
        void loaded.then((unloadable) => {
          if (unloadable !== null) {
            end(unloadable);
            kill();
            return;
          }
          if (exited) return;
          timer = setTimeout(() => {
            // Settled before the kill, so that the reason is the timeout and not the signal.
            end(timedOut(runnable.timeoutMs));
            kill();
          }, runnable.timeoutMs);
          child.send(
            { event: invocation.event, context: contextOf(runnable, invocation) },
            (error) => {
              // It is dead or has cut the channel; its end tells the reason.
              if (error !== null) kill();
            },
          );
        });
      }),
    kill,
  };
}

/** Null once the code is loaded, else why it cannot be. */
function waitForLoad(child: ChildProcess): Promise<Outcome | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(
      () => resolve(failure('Sandbox.Timedout', `loading took longer than ${LOAD_TIMEOUT_MS} ms`)),
      LOAD_TIMEOUT_MS,
    );
    const done = (outcome: Outcome | null) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    child.once('message', (report: Report) =>
      done(report.kind === 'unloadable' ? { ...report, kind: 'failed' } : null),
    );
    child.once('exit', () => done(null));
  });
}

/** What Lambda documents, and nothing of the machine: no HOME, no PATH, none of the user's settings. */
function environmentOf(options: {
  readonly runnable: RunnableFunction;
  readonly endpoint: string;
  readonly region: string;
}): Record<string, string> {
  const { runnable, endpoint, region } = options;
  return {
    ...runnable.environment,
    _HANDLER: runnable.handler,
    AWS_ACCESS_KEY_ID: 'embedded',
    AWS_SECRET_ACCESS_KEY: 'embedded',
    AWS_SESSION_TOKEN: 'embedded',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: endpoint,
    // Without HOME the SDK would ask the system for the home folder and read the user's files there.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EXECUTION_ENV: `AWS_Lambda_${runnable.runtime}`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(runnable.memoryMb),
    AWS_LAMBDA_FUNCTION_NAME: runnable.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: runnable.version,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${runnable.functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `[${runnable.version}]`,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    LAMBDA_TASK_ROOT: runnable.codeDirectory,
    LANG: 'en_US.UTF-8',
    TZ: 'UTC',
  };
}

function contextOf(runnable: RunnableFunction, invocation: Invocation): object {
  return {
    awsRequestId: invocation.requestId,
    functionName: runnable.functionName,
    functionVersion: runnable.version,
    invokedFunctionArn: invocation.functionArn,
    logGroupName: `/aws/lambda/${runnable.functionName}`,
    logStreamName: `[${runnable.version}]`,
    memoryLimitInMB: String(runnable.memoryMb),
    timeoutMs: runnable.timeoutMs,
  };
}

function timedOut(timeoutMs: number): Outcome {
  return failure(
    'Sandbox.Timedout',
    `Task timed out after ${(timeoutMs / 1_000).toFixed(2)} seconds`,
  );
}

function failure(errorType: string, errorMessage: string): Outcome {
  return { kind: 'failed', errorType, errorMessage, trace: [] };
}
