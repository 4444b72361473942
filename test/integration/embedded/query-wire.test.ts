// What the Query protocol carries: texts that look like something else, characters that XML does not
// have, and requests that are sent again.

import {
  CreateChangeSetCommand,
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  ListStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { XMLValidator } from 'fast-xml-parser';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../../localstack/embedded/embedded-cloud.ts';
import { type Clients, createClients } from './fixtures/clients.ts';
import { createStacks } from './fixtures/stacks.ts';

let cloud: EmbeddedCloud;
let clients: Clients;
let stacks: ReturnType<typeof createStacks>;

beforeEach(async () => {
  cloud = await startEmbeddedCloud();
  clients = createClients(cloud.endpoint);
  stacks = createStacks(clients);
});
afterEach(async () => {
  clients.destroy();
  await cloud.stop();
});

const TEMPLATE = { Resources: { Role: { Type: 'AWS::IAM::Role' } } };

it.each(['true', 'false'])('a stack and its change set may be called %s', async (name) => {
  const { cloudFormation } = clients;
  const names = { StackName: name, ChangeSetName: name };
  await stacks.create(TEMPLATE, { StackName: name, EnableTerminationProtection: true });
  await cloudFormation.send(
    new CreateChangeSetCommand({
      ...names,
      UsePreviousTemplate: true,
      Capabilities: ['CAPABILITY_IAM'],
      Tags: [{ Key: 'true', Value: 'false' }],
    }),
  );
  await cloudFormation.send(new ExecuteChangeSetCommand(names));
  expect(await stacks.settled(name)).toMatchObject({
    StackName: name,
    StackStatus: 'UPDATE_COMPLETE',
    EnableTerminationProtection: true,
    Tags: [{ Key: 'true', Value: 'false' }],
  });
});

it('characters that XML does not have are answered as one that it has', async () => {
  const Description = 'a\u0000b\u0008c\u001fd\ufffee\ud800f \t\n\u{1f600}';
  await stacks.create({ ...TEMPLATE, Outputs: { O: { Value: 'x', Description } } });
  const body = 'Action=DescribeStacks&Version=2010-05-15';
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const text = await (await fetch(cloud.endpoint, { method: 'POST', headers, body })).text();
  expect(XMLValidator.validate(text)).toBe(true);
  expect(text).toContain('a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf \t\n\u{1f600}');
});

it('a creation that is sent again by its token is answered as before, and done once', async () => {
  const { cloudFormation } = clients;
  const TemplateBody = JSON.stringify(TEMPLATE);
  const create = (ClientRequestToken?: string) =>
    cloudFormation.send(
      new CreateStackCommand({
        StackName: 'Stack',
        TemplateBody,
        Capabilities: ['CAPABILITY_IAM'],
        ...(ClientRequestToken === undefined ? {} : { ClientRequestToken }),
      }),
    );
  const { StackId } = await create('first');
  expect((await create('first')).StackId).toBe(StackId);
  await stacks.settled(StackId!);
  expect((await create('first')).StackId).toBe(StackId);
  for (const other of ['second', undefined]) {
    await expect(create(other)).rejects.toMatchObject({ name: 'AlreadyExistsException' });
  }
  const { StackSummaries } = await cloudFormation.send(new ListStacksCommand({}));
  expect(StackSummaries).toHaveLength(1);
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: 'Stack' }));
  expect(Stacks![0]!.StackStatus).toBe('CREATE_COMPLETE');
  const { StackEvents = [] } = await cloudFormation.send(
    new DescribeStackEventsCommand({ StackName: 'Stack' }),
  );
  const begun = StackEvents.filter(({ ResourceStatusReason: why }) => why === 'User Initiated');
  expect(begun).toHaveLength(1);
});
