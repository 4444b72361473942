// What the stacks leave when they are destroyed, and that the run leaves nothing in the end.

import { expect } from 'vitest';
import type { Deployment } from './deployment.ts';
import { until } from './poll.ts';
import {
  emptyBucket,
  presenceOf,
  type Resource,
  remove,
  resourcesOf,
  standsAlone,
} from './resources.ts';
import { RefusedCall } from './signed-calls.ts';
import type { Suite } from './suite.ts';
import type { Target } from './target.ts';

/** A mapping and the shards of a stream go some time after they were deleted. */
const GONE_WITHIN_MS = 180_000;

/** All stacks are destroyed: what they retain is whole, and nothing else is there. */
export async function destroyAll(suite: Suite): Promise<void> {
  const { target, deployment, kept, resources } = suite;
  const retained = retainedBy(deployment);
  expect(retained.size).toBeGreaterThan(0);
  // Nothing that is deployed may delete what a pipeline wrote, so a bucket has to be empty before.
  const isRetained = ({ stack, logicalId }: Resource) => retained.has(`${stack} ${logicalId}`);
  for (const bucket of resources.filter(isBucket)) {
    if (!isRetained(bucket)) await emptyBucket(target, bucket.physicalId);
  }

  await deployment.destroy();

  const alone = resources.filter(standsAlone);
  const stays = alone.filter(isRetained);
  expect(stays.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['AWS::Kinesis::Stream', 'AWS::DynamoDB::Table', 'AWS::S3::Bucket']),
  );
  for (const resource of stays) {
    expect(await presenceOf(target, resource), nameOf(resource)).not.toBe('gone');
  }
  const goes = alone.filter((resource) => !isRetained(resource));
  await until(
    'everything else gone',
    () => stillThere(target, goes),
    (left) => left.length === 0,
    GONE_WITHIN_MS,
  );
  await kept.expectExact();
}

/** Removes everything of a run, stacks that are still there included; what it could not, in sentences. */
export async function removeAll(
  target: Target,
  deployment: Deployment,
  known: readonly Resource[],
): Promise<readonly string[]> {
  const left: string[] = [];
  const attempt = async (what: string, run: () => Promise<unknown>) => {
    try {
      await run();
    } catch (error) {
      left.push(`${what}: ${(error as Error).message}`);
    }
  };
  const resources = [...known];
  await attempt('stacks', async () => {
    const stacks = await stacksLeft(target, Object.values(deployment.stacks));
    if (stacks.length === 0) return;
    // Those of a deployment that failed are known from nowhere else.
    for (const stack of stacks) resources.push(...(await resourcesOf(target, stack)));
    for (const resource of resources.filter(isBucket)) {
      if ((await presenceOf(target, resource)) === 'there') {
        await emptyBucket(target, resource.physicalId);
      }
    }
    await deployment.destroy();
  });
  for (const resource of resources) {
    await attempt(nameOf(resource), () => remove(target, resource));
  }
  await attempt('stacks', async () => {
    const stacks = await stacksLeft(target, Object.values(deployment.stacks));
    // They cannot be deleted without the roles of the toolkit.
    if (stacks.length === 0) await removeToolkit(target, deployment);
    else left.push(...stacks, deployment.toolkitStack);
  });
  await attempt('what is left', () =>
    until(
      'everything gone',
      () => stillThere(target, resources.filter(standsAlone)),
      (there) => there.length === 0,
      GONE_WITHIN_MS,
    ),
  );
  return left;
}

/** The stack of the bootstrap, with the bucket that it retains. */
async function removeToolkit(target: Target, { toolkitStack }: Deployment): Promise<void> {
  const { calls } = target;
  if ((await stacksLeft(target, [toolkitStack])).length === 0) return;
  const buckets = (await resourcesOf(target, toolkitStack)).filter(isBucket);
  for (const { physicalId } of buckets) await emptyBucket(target, physicalId);
  await calls.query('cloudformation', 'DeleteStack', { StackName: toolkitStack });
  await until(
    `${toolkitStack} deleted`,
    () => stacksLeft(target, [toolkitStack]),
    ({ length }) => length === 0,
    GONE_WITHIN_MS,
  );
  for (const bucket of buckets) await remove(target, bucket);
}

async function stacksLeft(target: Target, names: readonly string[]): Promise<readonly string[]> {
  const left: string[] = [];
  for (const StackName of names) {
    try {
      const found = await target.calls.query('cloudformation', 'DescribeStacks', { StackName });
      if (!JSON.stringify(found).includes('DELETE_COMPLETE')) left.push(StackName);
    } catch (error) {
      // A stack that is not there is a wrong parameter for this call.
      if (!(error instanceof RefusedCall) || error.code !== 'ValidationError') throw error;
    }
  }
  return left;
}

/** The resources that a template says to retain, by stack and logical id. */
function retainedBy(deployment: Deployment): ReadonlySet<string> {
  const retained = new Set<string>();
  for (const [stack, text] of Object.entries(deployment.templates('second'))) {
    const { Resources } = JSON.parse(text) as {
      readonly Resources: Readonly<Record<string, { readonly DeletionPolicy?: string }>>;
    };
    for (const [logicalId, { DeletionPolicy: policy }] of Object.entries(Resources)) {
      if (policy === 'Retain') retained.add(`${stack} ${logicalId}`);
    }
  }
  return retained;
}

async function stillThere(
  target: Target,
  resources: readonly Resource[],
): Promise<readonly string[]> {
  const there = await Promise.all(
    resources.map(async (resource) =>
      (await presenceOf(target, resource)) === 'there' ? [nameOf(resource)] : [],
    ),
  );
  return there.flat();
}

const isBucket = ({ type }: Resource) => type === 'AWS::S3::Bucket';
const nameOf = ({ type, physicalId }: Resource) => `${type} ${physicalId}`;
