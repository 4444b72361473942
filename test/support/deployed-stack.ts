// One stack of a test, synthesised as `cdk synth` does and deployed into an embedded cloud of its own.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { type Clients, createClients } from '../../localstack/demo/clients.ts';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../localstack/embedded/embedded-cloud.ts';

export interface DeployedStack {
  readonly cloud: EmbeddedCloud;
  readonly clients: Clients;
  /** Outputs of the stack by their names. */
  readonly outputs: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Deploys what `build` puts into the stack `name`. */
export async function deployStack(
  name: string,
  build: (stack: Stack) => void,
): Promise<DeployedStack> {
  const folder = mkdtempSync(join(tmpdir(), `rivulet-${name.toLowerCase()}-`));
  const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '../../cdk.json'), 'utf8'));
  const app = new App({ outdir: folder, postCliContext: context });
  build(new Stack(app, name));
  app.synth();
  const cloud = await startEmbeddedCloud({ port: 0 });
  const stop = async () => {
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const outputs = await cloud.deploy(folder);
    const clients = createClients(cloud.endpoint);
    return {
      cloud,
      clients,
      outputs,
      async stop() {
        clients.destroy();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
