import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type EmbeddedCloud,
  type StackOutputs,
  startEmbeddedCloud,
} from '../../../localstack/embedded/embedded-cloud.ts';
import type { InvocationSettled } from '../../../localstack/embedded/feed.ts';
import { type Clients, copiedValues, createClients } from './fixtures/clients.ts';
import { aStack } from './fixtures/stack.ts';

let cloud: EmbeddedCloud;
let clients: Clients;
let outputs: StackOutputs;
let settled: InvocationSettled[];

beforeAll(async () => {
  cloud = await startEmbeddedCloud({ port: 0 });
  clients = createClients(cloud.endpoint);
  outputs = await cloud.deploy([aStack({ timeoutSeconds: 3 })]);
  cloud.feed.on('invocation-settled', (invocation) => settled.push(invocation));
});
beforeEach(() => {
  settled = [];
});
afterAll(async () => {
  clients.destroy();
  await cloud.stop();
});

async function invoke(event: object) {
  const answer = await clients.lambda.send(
    new InvokeCommand({
      FunctionName: `${outputs['FunctionName']}:live`,
      Payload: Buffer.from(JSON.stringify(event)),
      LogType: 'Tail',
    }),
  );
  return { ...answer, result: JSON.parse(Buffer.from(answer.Payload!).toString()) };
}

describe('a function', () => {
  it("sees its own variables and Lambda's, and nothing of the machine", async () => {
    process.env['AWS_PROFILE'] = 'of-the-user';
    const { result } = await invoke({ ask: 'environment' });
    delete process.env['AWS_PROFILE'];
    expect(result).toMatchObject({
      RELEASE: 'a',
      TABLE: outputs['TableName'],
      AWS_ENDPOINT_URL: cloud.endpoint,
      AWS_LAMBDA_FUNCTION_NAME: outputs['FunctionName'],
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_REGION: 'us-east-1',
      TZ: 'UTC',
    });
    for (const name of ['HOME', 'PATH', 'USER', 'NODE_OPTIONS', 'AWS_PROFILE']) {
      expect(result).not.toHaveProperty(name);
    }
  });

  it('learns its request, its ARN with the alias, and the time it has left', async () => {
    const { result, ExecutedVersion } = await invoke({ ask: 'context' });
    expect(ExecutedVersion).toBe('1');
    expect(result.awsRequestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(result.invokedFunctionArn).toMatch(/:function:.+:live$/);
    expect(result.memoryLimitInMB).toBe('256');
    expect(result.remainingMs).toBeGreaterThan(0);
    expect(result.remainingMs).toBeLessThanOrEqual(3_000);
  });

  it('runs in a process of its own that is used again', async () => {
    const first = await invoke({ ask: 'context' });
    const second = await invoke({ ask: 'context' });
    expect(first.result.pid).not.toBe(process.pid);
    expect(second.result.pid).toBe(first.result.pid);
    expect(cloud.sandboxes()).toContainEqual({
      pid: first.result.pid,
      functionName: outputs['FunctionName'],
      version: '1',
      busy: false,
      endpoint: cloud.endpoint,
    });
  });

  it('that throws gives type and message of its error, and the log says where', async () => {
    const { FunctionError, result, LogResult } = await invoke({ ask: 'throw' });
    expect(FunctionError).toBe('Unhandled');
    expect(result).toMatchObject({ errorType: 'TypeError', errorMessage: 'asked to' });
    expect(Buffer.from(LogResult!, 'base64').toString()).toContain('TypeError: asked to');
    expect(cloud.logsOf(outputs['FunctionName']!).join('\n')).toContain('index.mjs');
  });

  it('that never returns is killed when its time is over', async () => {
    const before = await invoke({ ask: 'context' });
    const { result } = await invoke({ ask: 'loop' });
    expect(result).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: 'Task timed out after 3.00 seconds',
    });
    const after = await invoke({ ask: 'context' });
    expect(after.result.pid).not.toBe(before.result.pid);
  });
});

describe('a batch', () => {
  it.each(['exit', 'throw', 'loop'])(
    'whose sandbox ends by %s is delivered again, and nothing behind it overtakes',
    async (what) => {
      const already = await copiedValues(clients, outputs['TableName']!);
      const values = [{ n: 1 }, { n: 2, do: what }, { n: 3 }];
      await clients.kinesis.send(
        new PutRecordsCommand({
          StreamName: outputs['StreamName']!,
          Records: values.map((value) => ({
            PartitionKey: 'key',
            Data: Buffer.from(JSON.stringify(value)),
          })),
        }),
      );
      await expect
        .poll(async () =>
          (await copiedValues(clients, outputs['TableName']!)).slice(already.length),
        )
        .toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
      expect(settled.map(({ failure }) => failure === null)).toContain(false);
      const attempts = settled.map(({ trigger }) => trigger.kind === 'stream' && trigger.attempt);
      expect(attempts).toContain(2);
    },
  );

  it('whose sandbox is killed from outside is delivered again', async () => {
    const already = await copiedValues(clients, outputs['TableName']!);
    cloud.feed.once('invocation-started', ({ pid }) => {
      expect(cloud.killSandbox(pid)).toBe(true);
    });
    await clients.kinesis.send(
      new PutRecordsCommand({
        StreamName: outputs['StreamName']!,
        Records: [{ PartitionKey: 'key', Data: Buffer.from('{"killed":true}') }],
      }),
    );
    await expect
      .poll(async () => (await copiedValues(clients, outputs['TableName']!)).slice(already.length))
      .toEqual([{ killed: true }]);
    expect(settled[0]!.failure?.errorMessage).toContain('SIGKILL');
  });
});

it('there is no sandbox to kill under an unknown process id', () => {
  expect(cloud.killSandbox(process.pid)).toBe(false);
});
