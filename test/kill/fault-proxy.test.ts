import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import type { Fault, FaultKind } from './plan.ts';

const COMMIT = {
  method: 'POST',
  headers: { 'x-amz-target': 'DynamoDB_20120810.PutItem' },
  body: JSON.stringify({ TableName: 'CommitLog' }),
};

let server: Server;
let proxy: FaultProxy;
/** What reached the cloud, and what was done to sandboxes, in order. */
let events: string[];

beforeEach(async () => {
  events = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    events.push(`${request.method} ${request.url} ${body}`);
    response.end(`answer ${events.length}`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const control = (what: string) => (endpoint: string) => {
    events.push(`${what} ${endpoint.split('/').at(-1)}`);
    return true;
  };
  proxy = await startFaultProxy({
    upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    control: { kill: control('kill'), freeze: control('freeze'), thaw: control('thaw') },
  });
});
afterEach(async () => {
  await proxy.stop();
  server.close();
});

const arm = (kind: FaultKind, overrides: Partial<Fault> = {}) =>
  proxy.arm({ kind, method: 'commits.append', occurrence: 1, commits: 1, ...overrides });

const arrived = `POST / ${COMMIT.body}`;

/** The answer that a sandbox gets, or 'broken'. */
const commitFrom = (endpoint: string) =>
  fetch(`${endpoint}/`, COMMIT).then(
    (answer) => answer.text(),
    () => 'broken',
  );

describe('a request that no fault is armed for', () => {
  it('arrives and is answered as if there were no proxy', async () => {
    const answer = await fetch(`${proxy.nextEndpoint()}/bucket/a%20b?c=d`, {
      method: 'PUT',
      body: 'bytes',
    });
    expect(await answer.text()).toBe('answer 1');
    expect(events).toEqual(['PUT /bucket/a%20b?c=d bytes']);
    expect(proxy.calls.get('files.put')).toBe(1);
  });
});

describe('a fault', () => {
  it('strikes at the occurrence that was chosen, and the sandbox that sent it', async () => {
    const [first, second] = [proxy.nextEndpoint(), proxy.nextEndpoint()];
    arm('kill-before', { occurrence: 2 });
    expect(await commitFrom(first)).toBe('answer 1');
    expect(await commitFrom(second)).toBe('broken');
    await proxy.settled();
    expect(events).toEqual([arrived, 'kill sandbox-2']);
    expect(proxy.struck).toMatchObject([{ fault: { kind: 'kill-before' }, statusCode: null }]);
    expect(proxy.armedCount).toBe(0);
  });

  it('does not strike a sandbox that is dead already', async () => {
    const endpoint = proxy.nextEndpoint();
    arm('kill-before');
    await commitFrom(endpoint);
    arm('kill-after');
    expect(await commitFrom(endpoint)).toBe('answer 2');
    expect(proxy.armedCount).toBe(1);
  });

  it.each<readonly [FaultKind, string, readonly string[]]>([
    ['kill-after', 'broken', [arrived, 'kill sandbox-1']],
    ['lost-reply', 'broken', [arrived]],
    ['duplicate', 'answer 2', [arrived, arrived]],
  ])('%s does with request and reply what it says', async (kind, answer, done) => {
    arm(kind);
    expect(await commitFrom(proxy.nextEndpoint())).toBe(answer);
    await proxy.settled();
    expect(events).toEqual(done);
    expect(proxy.struck).toMatchObject([{ fault: { kind }, statusCode: 200 }]);
  });

  it.each<readonly [FaultKind, readonly string[]]>([
    ['kill-zombie', ['kill sandbox-1', `${arrived}`, `${arrived}`]],
    ['late-repeat', [arrived, arrived]],
    ['delay', [arrived, arrived]],
    ['freeze', ['freeze sandbox-1', arrived, arrived, 'thaw sandbox-1']],
  ])('%s lasts until others have committed', async (kind, done) => {
    arm(kind);
    const [hit, other] = [proxy.nextEndpoint(), proxy.nextEndpoint()];
    const answer = commitFrom(hit);
    // A sandbox whose connection breaks knows; one that waits has no answer before the other's commit.
    if (kind === 'kill-zombie' || kind === 'late-repeat') expect(await answer).toBe('broken');
    else await expect.poll(() => proxy.calls.get('commits.append')).toBe(1);
    expect(proxy.struck).toEqual([]);
    expect(await commitFrom(other)).toMatch(/^answer/);
    await answer;
    await proxy.settled();
    expect(events).toEqual(done);
    expect(proxy.struck).toMatchObject([{ fault: { kind }, statusCode: 200 }]);
  });
});
