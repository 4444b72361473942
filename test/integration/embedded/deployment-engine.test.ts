// What the engine of deployments owes when something goes wrong: no resource is forgotten, no reason is
// told of another failure, and what is asked twice is done once.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ContinueUpdateRollbackCommand,
  CreateChangeSetCommand,
  CreateStackCommand,
  DescribeChangeSetCommand,
  ExecuteChangeSetCommand,
  RollbackStackCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DeleteStreamCommand, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDurableCloud } from '../../../localstack/embedded/durable-cloud.ts';
import {
  type EmbeddedCloud,
  type EmbeddedCloudOptions,
  startEmbeddedCloud,
} from '../../../localstack/embedded/embedded-cloud.ts';
import { type Clients, createClients } from './fixtures/clients.ts';
import { createStacks, told } from './fixtures/stacks.ts';

let cloud: EmbeddedCloud;
let clients: Clients;
let stacks: ReturnType<typeof createStacks>;

beforeEach(() => startCloud());
afterEach(stopCloud);

async function startCloud(options: EmbeddedCloudOptions = {}): Promise<void> {
  cloud = await startEmbeddedCloud(options);
  clients = createClients(cloud.endpoint);
  stacks = createStacks(clients);
}

async function stopCloud(): Promise<void> {
  clients.destroy();
  await cloud.stop();
}

const stream = (properties: object = {}, rest: object = {}) => ({
  Type: 'AWS::Kinesis::Stream',
  Properties: { ShardCount: 1, ...properties },
  ...rest,
});
/** Another key is another table. */
const table = (key: string, rest: object = {}) => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
  },
  ...rest,
});
/** Refused by Lambda when it is made; after everything else. */
const failing = (after: string) => ({
  Type: 'AWS::Lambda::EventSourceMapping',
  DependsOn: after,
  Properties: { FunctionName: 'nobody', EventSourceArn: 'arn:none', StartingPosition: 'LATEST' },
});
const streamNames = async () =>
  (await clients.kinesis.send(new ListStreamsCommand({}))).StreamNames ?? [];
const tableNames = async () =>
  (await clients.dynamodb.send(new ListTablesCommand({}))).TableNames ?? [];
const keepingFailures = { DisableRollback: true };

describe('a resource that had failed', () => {
  it('is replaced when what is asked for now can be had in no other way', async () => {
    const tooSmall = { MaxRecordSizeInKiB: 5 };
    const made = await stacks.create(
      { Resources: { S: stream({ Name: 'one', ...tooSmall }) } },
      keepingFailures,
    );
    expect(made.StackStatus).toBe('CREATE_FAILED');
    const mended = await stacks.update({ Resources: { S: stream({ Name: 'two' }) } });
    expect(mended.StackStatus).toBe('UPDATE_COMPLETE');
    expect(await streamNames()).toEqual(['two']);
  });
});

describe('what was replaced by an update that failed', () => {
  const replacing = (key: string, rest: object = {}) => ({
    Resources: { T: table(key, rest), Bad: failing('T') },
  });

  it('goes with the next update, of a stack that had never been whole, too', async () => {
    await stacks.create(replacing('a'), keepingFailures);
    const [first] = await tableNames();
    expect(await stacks.update({ Resources: { T: table('b') } })).toMatchObject({
      StackStatus: 'UPDATE_COMPLETE',
    });
    const names = await tableNames();
    expect(names).toHaveLength(1);
    expect(names).not.toContain(first);
  });

  it('goes with the next update, even if that drops the resource', async () => {
    await stacks.create({ Resources: { T: table('a') } });
    await stacks.update(replacing('b'), keepingFailures);
    expect(await tableNames()).toHaveLength(2);
    await stacks.update({ Resources: { S: stream() } });
    expect(await tableNames()).toEqual([]);
  });

  it('stays when its policy says so', async () => {
    const retained = { UpdateReplacePolicy: 'Retain' };
    await stacks.create({ Resources: { T: table('a', retained) } });
    const before = await tableNames();
    await stacks.update(replacing('b'), keepingFailures);
    await stacks.update({ Resources: { S: stream() } });
    expect(await tableNames()).toEqual(before);
  });

  it('goes with the stack', async () => {
    const made = await stacks.create({ Resources: { T: table('a') } });
    expect(await stacks.update(replacing('b'), keepingFailures)).toMatchObject({
      StackStatus: 'UPDATE_FAILED',
    });
    expect(await stacks.remove(made)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
    expect(await tableNames()).toEqual([]);
  });

  it('is the stack’s again after a roll-back, and all that came after it goes', async () => {
    await stacks.create({ Resources: { T: table('a') } });
    const before = await tableNames();
    // The policy is about what is replaced, not about what was to replace it.
    const retained = { UpdateReplacePolicy: 'Retain' };
    await stacks.update(replacing('b', retained), keepingFailures);
    await stacks.update(replacing('c', retained), keepingFailures);
    expect(await tableNames()).toHaveLength(3);
    await clients.cloudFormation.send(new RollbackStackCommand({ StackName: 'Stack' }));
    expect(await stacks.settled('Stack')).toMatchObject({
      StackStatus: 'UPDATE_ROLLBACK_COMPLETE',
    });
    expect(await tableNames()).toEqual(before);
  });

  /** A stack whose table was put back in vain: it cannot have its stream again. */
  async function halfRolledBack() {
    const S = (ShardCount: number) => stream({ Name: 'lost', ShardCount }, { DependsOn: 'T' });
    await stacks.create({ Resources: { T: table('a'), S: S(1) } });
    const before = await tableNames();
    await clients.kinesis.send(new DeleteStreamCommand({ StreamName: 'lost' }));
    const failed = await stacks.update({ Resources: { T: table('b'), S: S(2) } });
    expect(failed.StackStatus).toBe('UPDATE_ROLLBACK_FAILED');
    return { before, failed };
  }

  it('is the stack’s again when the roll-back needed two attempts', async () => {
    const { before } = await halfRolledBack();
    const skipping = { StackName: 'Stack', ResourcesToSkip: ['S'] };
    await clients.cloudFormation.send(new ContinueUpdateRollbackCommand(skipping));
    expect(await stacks.settled('Stack')).toMatchObject({
      StackStatus: 'UPDATE_ROLLBACK_COMPLETE',
    });
    expect(await tableNames()).toEqual(before);
  });

  it('goes with a stack that was rolled back half-way, each resource once', async () => {
    const { failed } = await halfRolledBack();
    expect(await stacks.remove(failed)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
    expect(await tableNames()).toEqual([]);
    const events = (await stacks.events(failed.StackId)).map(told);
    expect(events.filter((event) => event === 'T DELETE_COMPLETE')).toHaveLength(2);
  });

  it('goes before what it depended on', async () => {
    await stacks.create({ Resources: { S: stream(), T: table('a', { DependsOn: 'S' }) } });
    await stacks.update({ Resources: { T: table('b') } });
    const removed = (await stacks.events()).map(told).filter((one) => one.includes('DELETE_C'));
    expect(removed).toEqual(['T DELETE_COMPLETE', 'S DELETE_COMPLETE']);
  });
});

describe('a change set', () => {
  const named = { StackName: 'Stack', ChangeSetName: 'mine' };
  const create = (template: object, input: object = {}) =>
    clients.cloudFormation.send(
      new CreateChangeSetCommand({ ...named, TemplateBody: JSON.stringify(template), ...input }),
    );
  const execute = (input: object = {}) =>
    clients.cloudFormation.send(new ExecuteChangeSetCommand({ ...named, ...input }));

  it('is obsolete once its stack was updated in another way', async () => {
    await stacks.create({ Resources: { S: stream() } });
    await create({ Resources: { S: stream({ ShardCount: 2 }) } });
    await stacks.update({ Resources: { S: stream({ ShardCount: 3 }) } });
    const described = await clients.cloudFormation.send(new DescribeChangeSetCommand(named));
    expect(described).toMatchObject({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'OBSOLETE' });
    await expect(execute()).rejects.toMatchObject({
      name: 'InvalidChangeSetStatusException',
      message: expect.stringContaining(
        'cannot be executed in its current execution status of [OBSOLETE]',
      ),
    });
  });

  it('is obsolete once its stack was rolled back', async () => {
    await stacks.create({ Resources: { S: stream() } });
    const bad = { Resources: { S: stream(), Bad: failing('S') } };
    await stacks.update(bad, keepingFailures);
    await create({ Resources: { S: stream({ ShardCount: 2 }) } });
    await clients.cloudFormation.send(new RollbackStackCommand({ StackName: 'Stack' }));
    await stacks.settled('Stack');
    await expect(execute()).rejects.toThrowError('[OBSOLETE]');
  });

  it('may ask for a stack that cannot be made to go again', async () => {
    const template = { Resources: { S: stream(), Bad: failing('S') } };
    const { StackId } = await create(template, {
      ChangeSetType: 'CREATE',
      OnStackFailure: 'DELETE',
    });
    await execute();
    expect(await stacks.settled(StackId!)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
  });

  it('is executed once when the request is repeated', async () => {
    await create({ Resources: { S: stream() } }, { ChangeSetType: 'CREATE' });
    await execute({ ClientRequestToken: 'once' });
    await execute({ ClientRequestToken: 'once' });
    await expect(execute({ ClientRequestToken: 'other' })).rejects.toThrowError(
      '[EXECUTE_COMPLETE]',
    );
    expect(await stacks.settled('Stack')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  });
});

describe('an export', () => {
  const exporting = (Value: string, Name = 'shared') => ({
    Resources: { S: stream() },
    Outputs: { Out: { Value, Export: { Name } } },
  });
  const imported = { 'Fn::ImportValue': { 'Fn::Sub': 'shared' } };
  const parameter = (Value: unknown) => ({ Type: 'AWS::SSM::Parameter', Properties: { Value } });
  const reasonOf = async (status: string) =>
    (await stacks.events()).find((event) => told(event) === `Stack ${status}`)
      ?.ResourceStatusReason;

  it('has a name that no other stack exports', async () => {
    await stacks.create(exporting('one'), { StackName: 'First' });
    expect(await stacks.create(exporting('two'))).toMatchObject({
      StackStatus: 'ROLLBACK_COMPLETE',
    });
    expect(await reasonOf('ROLLBACK_IN_PROGRESS')).toBe(
      'Export with name shared is already exported by stack First. Rollback requested by user.',
    );
    // The same stack may.
    expect(await stacks.update(exporting('three'), { StackName: 'First' })).toMatchObject({
      StackStatus: 'UPDATE_COMPLETE',
    });
  });

  it.each([
    ['a resource', { Resources: { P: parameter(imported) } }],
    ['an output', { Resources: { P: parameter('p') }, Outputs: { In: { Value: imported } } }],
  ])('does not go while another stack has it in %s, nor change', async (_where, importing) => {
    const made = await stacks.create(exporting('one'));
    const reader = await stacks.create(importing, { StackName: 'Reader' });
    expect(await stacks.update(exporting('one', 'renamed'))).toMatchObject({
      StackStatus: 'UPDATE_ROLLBACK_COMPLETE',
      Outputs: [{ ExportName: 'shared' }],
    });
    const words = 'Export shared cannot be deleted as it is in use by Reader';
    expect(await reasonOf('UPDATE_ROLLBACK_IN_PROGRESS')).toBe(words);
    expect((await stacks.update(exporting('two'))).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    await expect(stacks.remove(made)).rejects.toThrowError(words);
    await stacks.remove(reader);
    expect(await stacks.remove(made)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
  });
});

describe('the program', () => {
  const deploy = (template: object) =>
    cloud.deployTemplate({ stackName: 'Stack', templateBody: JSON.stringify(template) });

  it('is told why this deployment failed, not why an earlier one had', async () => {
    const Outputs = { Out: { Value: 'v', Export: { Name: 'shared' } } };
    await stacks.create({ Resources: { S: stream() }, Outputs }, { StackName: 'Other' });
    await deploy({ Resources: { S: stream() } });
    await expect(deploy({ Resources: { S: stream(), Bad: failing('S') } })).rejects.toThrowError(
      'Function not found: nobody',
    );
    // What fails while it is taken back is no reason either.
    const { Type, Properties } = table('a');
    const Kept = { Type, Properties: { ...Properties, DeletionProtectionEnabled: true } };
    await expect(deploy({ Resources: { S: stream(), Kept }, Outputs })).rejects.toThrowError(
      'stack Stack cannot be deployed: Export with name shared is already exported by stack Other',
    );
    expect((await stacks.events()).map(told)).toContain('Kept DELETE_FAILED');
  });
});

describe('a dependency', () => {
  it.each([['Nobody'], [['S', 'Nobody']]])(
    'on what the template does not have is refused: %j',
    async (DependsOn) => {
      const Resources = { S: stream(), T: stream({}, { DependsOn }) };
      await expect(stacks.create({ Resources })).rejects.toMatchObject({
        name: 'ValidationError',
        message:
          'Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the template',
      });
    },
  );

  it('on what a condition leaves out is none', async () => {
    const made = await stacks.create({
      Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
      Resources: {
        Absent: stream({}, { Condition: 'Never' }),
        S: stream({}, { DependsOn: 'Absent' }),
      },
    });
    expect(made.StackStatus).toBe('CREATE_COMPLETE');
  });
});

describe('a creation that fails', () => {
  const template = {
    Resources: {
      S: stream({ Name: 'gone' }, { DeletionPolicy: 'RetainExceptOnCreate' }),
      Bad: failing('S'),
    },
  };

  it('leaves no stack when that was asked for', async () => {
    const made = await stacks.create(template, { OnFailure: 'DELETE' });
    expect(made.StackStatus).toBe('DELETE_COMPLETE');
    expect(await streamNames()).toEqual([]);
    await expect(stacks.describe()).rejects.toThrowError('does not exist');
    expect((await stacks.events(made.StackId)).map(told).slice(-4)).toEqual([
      'Stack DELETE_IN_PROGRESS',
      'S DELETE_IN_PROGRESS',
      'S DELETE_COMPLETE',
      'Stack DELETE_COMPLETE',
    ]);
  });

  it.each<[string, object, string]>([
    [
      'what there is not',
      { OnFailure: 'FORGET' },
      'OnFailure is DELETE, DO_NOTHING or ROLLBACK, not FORGET',
    ],
    [
      'two things',
      { OnFailure: 'DELETE', DisableRollback: true },
      'either DisableRollback or OnFailure',
    ],
  ])('cannot be answered with %s', async (_what, input, sentence) => {
    await expect(stacks.create(template, input)).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining(sentence),
    });
  });
});

describe('a name that a template chooses', () => {
  it.each([
    ['AWS::SQS::Queue', 'QueueName', {}],
    ['AWS::IAM::ManagedPolicy', 'ManagedPolicyName', { PolicyDocument: {} }],
  ])('is free in all stacks, of %s', async (Type, nameProperty, properties) => {
    const named = {
      Resources: { R: { Type, Properties: { [nameProperty]: 'mine', ...properties } } },
    };
    const { StackId } = await stacks.create(named, { StackName: 'First' });
    expect(await stacks.create(named)).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
    const [failure] = (await stacks.events()).filter((event) => told(event) === 'R CREATE_FAILED');
    expect(failure?.ResourceStatusReason).toContain(`mine already exists in stack ${StackId}`);
  });

  it('is taken as long as what was replaced is still there', async () => {
    const role = (RoleName: string) => ({ Type: 'AWS::IAM::Role', Properties: { RoleName } });
    const First = { StackName: 'First' };
    await stacks.create({ Resources: { R: role('mine') } }, First);
    await stacks.update(
      { Resources: { R: role('other'), Bad: failing('R') } },
      { ...First, ...keepingFailures },
    );
    expect((await stacks.create({ Resources: { R: role('mine') } })).StackStatus).toBe(
      'ROLLBACK_COMPLETE',
    );
  });
});

describe('a request that is repeated with its token', () => {
  const input = (ShardCount: number, ClientRequestToken: string) => ({
    StackName: 'Stack',
    TemplateBody: JSON.stringify({ Resources: { S: stream({ ShardCount }) } }),
    ClientRequestToken,
  });

  it('gets the same answer, and nothing is done twice', async () => {
    const create = (token: string) =>
      clients.cloudFormation.send(new CreateStackCommand(input(1, token)));
    const update = (token: string) =>
      clients.cloudFormation.send(new UpdateStackCommand(input(2, token)));
    const { StackId } = await create('make');
    expect((await create('make')).StackId).toBe(StackId);
    await stacks.settled('Stack');
    await expect(create('other')).rejects.toMatchObject({ name: 'AlreadyExistsException' });
    expect((await update('change')).StackId).toBe(StackId);
    await stacks.settled('Stack');
    expect((await update('change')).StackId).toBe(StackId);
    // A token stands for one kind of request.
    await expect(update('make')).rejects.toThrowError('No updates are to be performed.');
    expect((await stacks.events()).filter((event) => told(event).startsWith('Stack'))).toHaveLength(
      5,
    );
  });
});

describe('a request whose cloud dies', () => {
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rivulet-engine-'));
    await stopCloud();
    await startCloud({ dataDirectory: folder });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What the stack is like when the journal ends anywhere behind `startBytes`. */
  async function tornBehind<T>(
    startBytes: number,
    read: (torn: ReturnType<typeof openDurableCloud>) => T,
  ): Promise<T[]> {
    await stopCloud();
    const path = join(folder, 'journal-000001');
    const whole = readFileSync(path);
    const seen: T[] = [];
    for (let size = startBytes; size < whole.length + 61; size += 61) {
      writeFileSync(path, whole.subarray(0, size));
      const torn = openDurableCloud({ rates: false, dataDirectory: folder, retries: {} });
      seen.push(read(torn));
      torn.close();
    }
    writeFileSync(path, whole);
    await startCloud({ dataDirectory: folder });
    return seen;
  }
  const journalBytes = () => statSync(join(folder, 'journal-000001')).size;

  it('has begun to go on with a roll-back and knows what to skip, or has not begun', async () => {
    await stacks.create({ Resources: { S: stream({ Name: 'lost' }) } });
    await clients.kinesis.send(new DeleteStreamCommand({ StreamName: 'lost' }));
    await stacks.update({ Resources: { S: stream({ Name: 'lost', ShardCount: 2 }) } });
    await stopCloud();
    await startCloud({ dataDirectory: folder, deploymentStepDelayMs: 60_000 });
    const startBytes = journalBytes();
    const skipping = { StackName: 'Stack', ResourcesToSkip: ['S'] };
    await clients.cloudFormation.send(new ContinueUpdateRollbackCommand(skipping));
    const seen = await tornBehind(startBytes, ({ stacks: store }) => {
      const { status, operation } = store.find('Stack')!;
      return `${status} ${operation?.skipped}`;
    });
    expect(new Set(seen)).toEqual(
      new Set(['UPDATE_ROLLBACK_FAILED undefined', 'UPDATE_ROLLBACK_IN_PROGRESS S']),
    );
    expect(await stacks.settled('Stack')).toMatchObject({
      StackStatus: 'UPDATE_ROLLBACK_COMPLETE',
    });
  });

  it('has executed a change set and begun, or neither', async () => {
    const named = { StackName: 'Stack', ChangeSetName: 'mine' };
    const TemplateBody = JSON.stringify({ Resources: { S: stream() } });
    await stopCloud();
    await startCloud({ dataDirectory: folder, deploymentStepDelayMs: 60_000 });
    await clients.cloudFormation.send(
      new CreateChangeSetCommand({ ...named, TemplateBody, ChangeSetType: 'CREATE' }),
    );
    const startBytes = journalBytes();
    await clients.cloudFormation.send(new ExecuteChangeSetCommand(named));
    const seen = await tornBehind(startBytes, ({ stacks: store }) => {
      const { status, stackId } = store.find('Stack')!;
      return `${status} ${store.changeSets(stackId)[0]?.executionStatus}`;
    });
    expect(new Set(seen)).toEqual(
      new Set(['REVIEW_IN_PROGRESS AVAILABLE', 'CREATE_IN_PROGRESS EXECUTE_COMPLETE']),
    );
  });
});
