import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CreateStackCommand, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { ListStreamsCommand, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createStackStore,
  type StackFact,
  type StackStore,
} from '../../../localstack/embedded/cloudformation/stack-store.ts';
import { openDataDirectory } from '../../../localstack/embedded/data-directory.ts';
import { openDurableCloud } from '../../../localstack/embedded/durable-cloud.ts';
import {
  type StackOutputs,
  startEmbeddedCloud,
} from '../../../localstack/embedded/embedded-cloud.ts';
import { openJournal } from '../../../localstack/embedded/journal.ts';
import { Refused } from '../../../localstack/embedded/refused.ts';
import { sandboxesOf } from '../../support/sandbox-processes.ts';
import { type Clients, copiedValues, createClients } from './fixtures/clients.ts';
import { aStack } from './fixtures/stack.ts';
import { createStacks, told } from './fixtures/stacks.ts';

let folder: string;
const running = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rivulet-data-'));
});
afterEach(async () => {
  await Promise.all([...running].map(kill));
  rmSync(folder, { recursive: true, force: true });
});

interface Served {
  readonly child: ChildProcess;
  readonly clients: Clients;
  readonly outputs: StackOutputs;
}

function spawnCloud(): ChildProcess {
  const program = join(import.meta.dirname, 'fixtures', 'serve.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  return child;
}

async function serve(): Promise<Served> {
  const child = spawnCloud();
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const { endpoint, outputs } = JSON.parse(line) as { endpoint: string; outputs: StackOutputs };
  return { child, clients: createClients(endpoint), outputs };
}

/** SIGKILL, as a machine's end would be. */
async function kill(child: ChildProcess): Promise<void> {
  running.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a cloud with a folder', () => {
  it('has everything that it had answered when it was killed', async () => {
    const first = await serve();
    const { StreamName, TableName } = first.outputs as { StreamName: string; TableName: string };
    await first.clients.s3.send(new CreateBucketCommand({ Bucket: 'kept' }));
    const Body = Buffer.alloc(300_000, 7);
    await first.clients.s3.send(new PutObjectCommand({ Bucket: 'kept', Key: 'k', Body }));
    const Item = { pk: { S: 'p' }, sk: { S: 's' }, bytes: { B: Buffer.from([0, 1, 255]) } };
    await first.clients.dynamodb.send(new PutItemCommand({ TableName, Item }));
    const put = new PutRecordCommand({
      StreamName,
      PartitionKey: 'key',
      Data: Buffer.from('{"n":1}'),
    });
    const { SequenceNumber } = await first.clients.kinesis.send(put);
    await expect.poll(() => copiedValues(first.clients, TableName)).toEqual([{ n: 1 }]);
    await kill(first.child);

    const second = await serve();
    expect(second.outputs).toEqual(first.outputs);
    const { clients } = second;
    const read = await clients.s3.send(new GetObjectCommand({ Bucket: 'kept', Key: 'k' }));
    expect(Buffer.from(await read.Body!.transformToByteArray()).equals(Body)).toBe(true);
    const Key = { pk: Item.pk, sk: Item.sk };
    const item = await clients.dynamodb.send(new GetItemCommand({ TableName, Key }));
    expect(Buffer.from(item.Item!['bytes']!.B!).equals(Item.bytes.B)).toBe(true);
    const next = await clients.kinesis.send(put);
    expect(BigInt(next.SequenceNumber!)).toBeGreaterThan(BigInt(SequenceNumber!));
    await expect.poll(() => copiedValues(clients, TableName)).toEqual([{ n: 1 }, { n: 1 }]);
  });

  it('goes on behind the records that its functions had finished', async () => {
    const cloud = await startEmbeddedCloud({ dataDirectory: folder });
    const { StreamName } = (await cloud.deploy([aStack()])) as { StreamName: string };
    const put = (clients: Clients) =>
      clients.kinesis.send(
        new PutRecordCommand({ StreamName, PartitionKey: 'key', Data: Buffer.from('{}') }),
      );
    const finished = once(cloud.feed, 'invocation-settled');
    const clients = createClients(cloud.endpoint);
    await put(clients);
    await finished;
    clients.destroy();
    await cloud.stop();

    const again = await startEmbeddedCloud({ dataDirectory: folder });
    const started = once(again.feed, 'invocation-started');
    const others = createClients(again.endpoint);
    const { SequenceNumber } = await put(others);
    expect((await started)[0]).toMatchObject({
      trigger: { recordCount: 1, firstSequenceNumber: SequenceNumber },
    });
    others.destroy();
    await again.stop();
  });

  it('leaves no sandbox behind, not even one that never returns to its event loop', async () => {
    const { child, clients, outputs } = await serve();
    const invoke = (event: object) =>
      clients.lambda.send(
        new InvokeCommand({
          FunctionName: outputs['FunctionName'],
          Payload: Buffer.from(JSON.stringify(event)),
        }),
      );
    await invoke({ ask: 'context' });
    const looping = invoke({ ask: 'loop' }).catch(() => {});
    const idle = invoke({ ask: 'context' });
    await idle;
    const pids = sandboxesOf(child.pid!);
    expect(pids.length).toBeGreaterThanOrEqual(2);
    await kill(child);
    await looping;
    await expect.poll(() => pids.filter(isAlive)).toEqual([]);
  });

  it('does not start twice on one folder', async () => {
    const { child } = await serve();
    const second = startEmbeddedCloud({ dataDirectory: folder });
    await expect(second).rejects.toThrowError(Refused);
    await expect(second).rejects.toThrowError(`in use by process ${child.pid}`);
  });

  it('starts again after a clean end', async () => {
    await (await startEmbeddedCloud({ dataDirectory: folder })).stop();
    expect(readdirSync(folder)).not.toContain('lock');
    await (await startEmbeddedCloud({ dataDirectory: folder })).stop();
  });

  it.each([
    ['a pid that was given to another program', `${process.pid} 1`],
    ['nothing', ''],
    ['something else', 'what'],
  ])('takes over a lock that holds %s', async (_what, content) => {
    writeFileSync(join(folder, 'lock'), content);
    await (await startEmbeddedCloud({ dataDirectory: folder })).stop();
  });

  it('that cannot be written is refused in a sentence', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const started = startEmbeddedCloud({ dataDirectory: join(file, 'inside') });
    await expect(started).rejects.toThrowError(/^the folder .*inside cannot be written: ENOTDIR$/);
  });
});

function storeFrom(facts: readonly StackFact[]): StackStore {
  const store = createStackStore();
  for (const fact of facts) store.put(fact);
  return store;
}

describe('a journal', () => {
  const entriesOf = (path: string) => {
    const entries: unknown[] = [];
    openJournal(path, (entry) => entries.push(entry)).close();
    return entries;
  };
  const written = (path: string) => {
    const journal = openJournal(path, () => {});
    for (let n = 0; n < 3; n += 1) journal.append({ n, bytes: new Uint8Array([n, 255]) });
    journal.close();
    return statSync(path).size;
  };

  it('torn at any byte gives the whole entries before it, and goes on after them', () => {
    const path = join(folder, 'journal');
    const length = written(path);
    const whole = readFileSync(path);
    for (let size = 0; size < length; size += 1) {
      writeFileSync(path, whole);
      truncateSync(path, size);
      const kept = entriesOf(path).length;
      expect(kept).toBe(Math.floor(size / (length / 3)));
      const journal = openJournal(path, () => {});
      journal.append('after');
      journal.close();
      expect(entriesOf(path).slice(kept)).toEqual(['after']);
    }
  });

  it('with a damaged byte before its last entry is refused', () => {
    const path = join(folder, 'journal');
    const length = written(path);
    const whole = readFileSync(path);
    for (let at = 0; at < (length / 3) * 2; at += 1) {
      writeFileSync(path, whole);
      const file = openSync(path, 'r+');
      writeSync(file, Buffer.from([whole[at]! ^ 0x10]), 0, 1, at);
      closeSync(file);
      expect(() => entriesOf(path)).toThrowError(Refused);
    }
  });

  it('that grew long is folded into what stands for it, and the old one goes', () => {
    const bulk = 'x'.repeat(1024 * 1024);
    const open = (replay: (entry: unknown) => void) =>
      openDataDirectory({ path: folder, replay, dump: () => ['all of it'] });
    const long = open(() => {});
    for (let n = 0; n < 65; n += 1) long.journal.append(bulk);
    long.close();
    open(() => {}).close();
    expect(readdirSync(folder).filter((name) => name.startsWith('journal'))).toEqual([
      'journal-000002',
    ]);
    const entries: unknown[] = [];
    open((entry) => entries.push(entry)).close();
    expect(entries).toEqual(['all of it']);
  });

  it('a fold that was not finished is forgotten', () => {
    const path = join(folder, 'journal-000001');
    written(path);
    appendFileSync(join(folder, 'journal.unfinished'), 'half');
    const entries: unknown[] = [];
    openDataDirectory({
      path: folder,
      replay: (entry) => entries.push(entry),
      dump: () => [],
    }).close();
    expect(entries).toHaveLength(3);
  });
});

describe('a deployment', () => {
  const TemplateBody = JSON.stringify({
    Resources: Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [
        `Stream${index}`,
        {
          Type: 'AWS::Kinesis::Stream',
          Properties: { Name: `stream-${index}` },
          ...(index === 0 ? {} : { DependsOn: `Stream${index - 1}` }),
        },
      ]),
    ),
  });

  async function serveSlowly(
    stepDelayMs: number,
  ): Promise<Clients & { readonly die: () => Promise<void> }> {
    const program = join(import.meta.dirname, 'fixtures', 'serve-slowly.ts');
    const args = ['--import', 'tsx', program, folder, String(stepDelayMs)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    running.add(child);
    const [endpoint] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    return { ...createClients(endpoint), die: () => kill(child) };
  }

  const streamCount = async ({ kinesis }: Clients) =>
    (await kinesis.send(new ListStreamsCommand({}))).StreamNames?.length;
  const isBetween = (low: number, high: number) => (count: number | undefined) =>
    count !== undefined && count > low && count < high;

  it('whose step was torn in the journal has done all of that step or nothing', async () => {
    const cloud = await startEmbeddedCloud({ dataDirectory: folder });
    await cloud.deployTemplate({ stackName: 'Stack', templateBody: TemplateBody });
    await cloud.stop();
    const path = join(folder, 'journal-000001');
    const whole = readFileSync(path);
    const counts = new Set<number>();
    for (let size = 0; size < whole.length; size += 211) {
      writeFileSync(path, whole.subarray(0, size));
      const torn = openDurableCloud({ rates: false, dataDirectory: folder, retries: {} });
      const { StreamNames } = torn.call('kinesis', 'ListStreams', {}) as { StreamNames: string[] };
      const remembered = Object.values(torn.stacks.find('Stack')?.resources ?? {});
      expect(remembered.map(({ physicalId }) => physicalId).sort()).toEqual(StreamNames);
      expect(storeFrom(torn.stacks.dump()).dump()).toEqual(torn.stacks.dump());
      counts.add(remembered.length);
      torn.close();
    }
    expect(counts.size).toBe(9);
  });

  it('that was cut short is finished before the program deploys the stack again', async () => {
    const deploy = async () => {
      const cloud = await startEmbeddedCloud({ dataDirectory: folder });
      await cloud.deployTemplate({ stackName: 'Stack', templateBody: TemplateBody });
      const clients = createClients(cloud.endpoint);
      const count = await streamCount(clients);
      clients.destroy();
      await cloud.stop();
      return count;
    };
    await deploy();
    const path = join(folder, 'journal-000001');
    truncateSync(path, Math.floor(statSync(path).size / 2));
    expect(await deploy()).toBe(8);
  });

  it('whose cloud is killed goes on where it was at the next start, and repeats nothing', async () => {
    const first = await serveSlowly(50);
    const create = new CreateStackCommand({ StackName: 'Stack', TemplateBody });
    const { StackId } = await first.cloudFormation.send(create);
    await expect.poll(() => streamCount(first), { interval: 5 }).toSatisfy(isBetween(1, 8));
    await first.die();

    const second = await serveSlowly(50);
    await expect.poll(() => streamCount(second), { interval: 5 }).toBe(8);
    await second.die();

    const third = await serveSlowly(50);
    expect(await createStacks(third).settled(StackId!)).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
    });
    const events = (await createStacks(third).events(StackId)).map(told);
    // In progress twice, without its physical id and with it, and complete once.
    expect(events.filter((event) => event.startsWith('Stream'))).toHaveLength(3 * 8);
    await third.cloudFormation.send(new DeleteStackCommand({ StackName: 'Stack' }));
    await expect.poll(() => streamCount(third), { interval: 5 }).toSatisfy(isBetween(0, 7));
    await third.die();

    const fourth = await serveSlowly(0);
    const stacks = createStacks(fourth);
    expect(await stacks.settled(StackId!)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
    expect(await streamCount(fourth)).toBe(0);
    expect(await stacks.create(TemplateBody)).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  }, 60_000);
});
