// Roles and rules answer for themselves, so that one can see what a stack has left.

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

const TEMPLATE = {
  Resources: {
    Role: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'reader' } },
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: { Name: 'hourly', ScheduleExpression: 'rate(1 hour)' },
    },
  },
};

async function askForRole(RoleName: string): Promise<string> {
  const body = new URLSearchParams({ Action: 'GetRole', Version: '2010-05-08', RoleName });
  const answer = await fetch(cloud.endpoint, { method: 'POST', body });
  return `${answer.status} ${await answer.text()}`;
}

async function askForRule(Name: string): Promise<string> {
  const answer = await fetch(cloud.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSEvents.DescribeRule',
    },
    body: JSON.stringify({ Name }),
  });
  return `${answer.status} ${await answer.text()}`;
}

it('a role and a rule are there as long as their stack has them', async () => {
  const stack = await stacks.create(TEMPLATE);
  expect(await askForRole('reader')).toMatch(/^200 .*<Arn>arn:aws:iam::\d{12}:role\/reader<\/Arn>/);
  expect(await askForRule('hourly')).toMatch(/^200 .*"ScheduleExpression":"rate\(1 hour\)"/);

  await stacks.remove(stack);

  expect(await askForRole('reader')).toMatch(/^404 .*<Code>NoSuchEntity<\/Code>/);
  expect(await askForRule('hourly')).toMatch(/^400 .*ResourceNotFoundException/);
});
