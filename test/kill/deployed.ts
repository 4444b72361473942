// The pipeline of the run: the example in an embedded cloud of its own, in small batches, with a proxy
// between its sandboxes and the cloud.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { StreamingPipeline } from '../../cdk/index.ts';
import { type Clients, createClients } from '../../localstack/demo/clients.ts';
import { findCommitLog } from '../../localstack/demo/outputs.ts';
import { createStreamWriter, type StreamWriter } from '../../localstack/demo/push.ts';
import type { Places } from '../../localstack/demo/run.ts';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../localstack/embedded/embedded-cloud.ts';
import { placesOf } from '../../localstack/pipelines.ts';
import { type FaultProxy, type SandboxControl, startFaultProxy } from './fault-proxy.ts';

/** Many small batches: without a batching window a mapping takes at most this many records. */
export const BATCH_SIZE = 10;
const SHARDS = 4;
/** Retries come at once, so that the run is about faults and not about waiting. */
const RETRY_DELAY_MS_MAX = 20;
const PROJECT = join(import.meta.dirname, '..', '..');
const PIPELINE = 'delays';

export interface Deployed {
  readonly cloud: EmbeddedCloud;
  readonly proxy: FaultProxy;
  readonly clients: Clients;
  readonly places: Places;
  readonly logTable: string;
  readonly writer: StreamWriter;
}

/** Deploys the example with small batches behind a proxy, and takes everything away afterwards. */
export async function withPipeline<Result>(
  use: (deployed: Deployed) => Promise<Result>,
  interruption?: AbortSignal,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-kill-'));
  let proxy: FaultProxy | undefined;
  const cloud = await startEmbeddedCloud({
    retries: { retryDelayMaxMs: RETRY_DELAY_MS_MAX, retryBoundaries: 'varied' },
    sandboxEndpoint: () => proxy!.nextEndpoint(),
  });
  const clients = createClients(cloud.endpoint);
  // Every call under way fails then, and so does the run. A frozen sandbox would outlive the process.
  const interrupt = () => void cloud.stop();
  interruption?.addEventListener('abort', interrupt);
  try {
    proxy = await startFaultProxy({ upstream: cloud.endpoint, control: controlOf(cloud) });
    synthesise(folder);
    const outputs = await cloud.deploy(folder);
    const places = placesOf(outputs)[PIPELINE] as Places;
    const writer = await createStreamWriter(clients.kinesis, places.stream);
    const logTable = await findCommitLog(clients.dynamodb);
    return await use({ cloud, proxy, clients, places, logTable, writer });
  } finally {
    interruption?.removeEventListener('abort', interrupt);
    clients.destroy();
    await cloud.stop();
    await proxy?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function synthesise(folder: string): void {
  const { context } = JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8'));
  const app = new App({
    outdir: folder,
    postCliContext: context,
    builtinCloudFormationValidation: false,
  });
  new StreamingPipeline(new Stack(app, 'Kill'), 'Pipeline', {
    entry: join(PROJECT, 'functions', 'pipelines', `${PIPELINE}.ts`),
    shardCount: SHARDS,
    batchSize: BATCH_SIZE,
    maxBatchingWindow: Duration.seconds(0),
  });
  app.synth();
}

/** Sandboxes by their endpoint; each has one of its own. */
function controlOf(cloud: EmbeddedCloud): SandboxControl {
  const pidOf = (endpoint: string) =>
    cloud.sandboxes().find((sandbox) => sandbox.endpoint === endpoint)?.pid;
  const signal = (endpoint: string, name: NodeJS.Signals) => {
    const pid = pidOf(endpoint);
    return pid !== undefined && process.kill(pid, name);
  };
  return {
    kill: (endpoint: string) => {
      const pid = pidOf(endpoint);
      return pid !== undefined && cloud.killSandbox(pid);
    },
    freeze: (endpoint: string) => signal(endpoint, 'SIGSTOP'),
    thaw: (endpoint: string) => void signal(endpoint, 'SIGCONT'),
  };
}
