// Whose environment it is that `npm run cloud` comes up with: the one that was bootstrapped in it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteStackCommand,
  DescribeStacksCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { afterAll, expect, it } from 'vitest';
import { readInstructions, startCloud } from '../../support/running-cloud.ts';
import { runCdk } from './fixtures/cdk-command.ts';
import { createClients } from './fixtures/clients.ts';

const folder = mkdtempSync(join(tmpdir(), 'rivulet-bootstrap-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ARGS = ['--empty', '--data', join(folder, 'data')];
const BUCKET = 'my-own-assets';

/** Runs the cloud on the folder while `use` works with it. */
async function whileUp<Result>(
  use: (clients: ReturnType<typeof createClients>, endpoint: string) => Promise<Result>,
): Promise<Result> {
  const cloud = await startCloud(ARGS);
  const clients = createClients(cloud.endpoint);
  try {
    return await use(clients, cloud.endpoint);
  } finally {
    clients.destroy();
    await cloud.interrupt();
  }
}

async function toolkit({ cloudFormation }: ReturnType<typeof createClients>): Promise<Stack> {
  const StackName = 'CDKToolkit';
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
  return Stacks![0]!;
}

it('an environment stays as cdk bootstrap has made it, and one that was deleted stays away', async () => {
  const made = await whileUp(async (clients, endpoint) => {
    const { code, text } = await runCdk(endpoint, { home: folder }, [
      'bootstrap',
      'aws://000000000000/us-east-1',
      '--bootstrap-bucket-name',
      BUCKET,
    ]);
    expect(text).toContain('bootstrapped');
    expect(code).toBe(0);
    return toolkit(clients);
  });
  expect(made.Outputs).toContainEqual(expect.objectContaining({ OutputValue: BUCKET }));

  const again = await whileUp(async (clients) => {
    const found = await toolkit(clients);
    await clients.cloudFormation.send(new DeleteStackCommand({ StackName: found.StackId }));
    await expect
      .poll(async () => {
        const { cloudFormation } = clients;
        const command = new DescribeStacksCommand({ StackName: found.StackId });
        return (await cloudFormation.send(command)).Stacks![0]!.StackStatus;
      })
      .toBe('DELETE_COMPLETE');
    const { Buckets = [] } = await clients.s3.send(new ListBucketsCommand({}));
    expect(Buckets.map(({ Name }) => Name)).toContain(BUCKET);
    return found;
  });
  expect(again).toEqual(made);

  const { code, stdout, stderr } = await readInstructions(['--port', '0', ...ARGS]);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(
      /^the environment is not bootstrapped \(.*StagingBucket.*\): .*\n$/,
    ),
  });
  expect(stdout).toContain('The embedded cloud is up');
}, 60_000);
