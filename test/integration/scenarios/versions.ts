// A new version of a function takes over, by the calls that a deployment makes for it.

import {
  GetFunctionConfigurationCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import type { Clients } from './clients.ts';
import { until } from './poll.ts';

const READY_WITHIN_MS = 60_000;

/** Publishes a version that differs from the last one in a megabyte of memory, and moves the alias to it. */
export async function replaceVersion({ lambda }: Clients, FunctionName: string): Promise<void> {
  const settled = (Qualifier?: string) =>
    until(
      `${FunctionName} ready`,
      () => lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier })),
      ({ State = 'Active', LastUpdateStatus = 'Successful' }) =>
        State === 'Active' && LastUpdateStatus === 'Successful',
      READY_WITHIN_MS,
    );
  const { MemorySize: memoryMb = 0 } = await settled();
  const MemorySize = memoryMb + 1;
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, MemorySize }));
  await settled();
  const { Version } = await lambda.send(new PublishVersionCommand({ FunctionName }));
  await settled(Version);
  await lambda.send(
    new UpdateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: Version }),
  );
}
