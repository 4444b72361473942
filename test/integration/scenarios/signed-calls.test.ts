import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { createSignedCalls, RefusedCall } from './signed-calls.ts';

const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' };

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A service that answers everything in one way, and what it was asked. */
async function aService(status: number, answer: string) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    request.resume().on('end', () => response.writeHead(status).end(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const calls = createSignedCalls({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-west-1',
    credentials,
  });
  return { calls, requests, stop: () => server.close() };
}

it('a call has the signature that the SDK would give it', async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 2, 3, 4, 5), toFake: ['Date'] });
  const sent: RequestInit[] = [];
  vi.stubGlobal('fetch', async (_url: URL, request: RequestInit) => {
    sent.push(request);
    return new Response('<GetCallerIdentityResponse/>');
  });
  const calls = createSignedCalls({ endpoint: null, region: 'eu-west-1', credentials });
  await calls.query('sts', 'GetCallerIdentity');

  // By the SDK's own signer, for the same request.
  expect(new Headers(sent[0]!.headers).get('authorization')).toBe(
    'AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-west-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=a936cfa3d0cd3d2245cfbb00b1c2ea67285e14f1970a854e75bea4822eaeeec1',
  );
});

it('the result of an action is what stands below it, lists as lists', async () => {
  const { calls, requests, stop } = await aService(
    200,
    '<ListThingsResponse><ListThingsResult><Things><member><Id>1</Id></member></Things></ListThingsResult></ListThingsResponse>',
  );
  expect(await calls.query('cloudformation', 'ListThings')).toEqual({
    Things: { member: [{ Id: '1' }] },
  });
  expect(requests[0]!.headers).toMatchObject({ 'x-amz-security-token': 'token' });
  stop();
});

it.each([
  [
    'query',
    '<ErrorResponse><Error><Code>ValidationError</Code><Message>no</Message></Error></ErrorResponse>',
  ],
  ['json', '{"__type":"com.amazonaws.events#ValidationError","message":"no"}'],
])('a refusal by %s has the name of its error', async (protocol, answer) => {
  const { calls, stop } = await aService(400, answer);
  const call =
    protocol === 'json'
      ? calls.json('events', 'DescribeRule', {})
      : calls.query('cloudformation', 'DescribeStacks');
  const refusal = await call.catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(RefusedCall);
  expect(refusal).toMatchObject({ code: 'ValidationError' });
  stop();
});
