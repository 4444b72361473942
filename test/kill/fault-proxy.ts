// An HTTP proxy between the sandboxes and the cloud. It counts the calls of each port and, at the calls
// that were chosen, kills the sandbox that sent the request or plays with request and reply. Every
// sandbox has an endpoint of its own, the same port with a path of its own before it, so the proxy
// knows whom a request is from. Deployed code notices nothing but what a network does.

import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  request as sendRequest,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fault, FaultKind } from './plan.ts';
import { type PortMethod, type ProxiedRequest, portMethodOf } from './port-call.ts';

/** What the proxy may do to the process behind an endpoint. */
export interface SandboxControl {
  /** SIGKILL; false when no sandbox has this endpoint. */
  kill(endpoint: string): boolean;
  /** SIGSTOP; false when no sandbox has this endpoint. */
  freeze(endpoint: string): boolean;
  /** SIGCONT. */
  thaw(endpoint: string): void;
}

/** A fault that has happened. */
export interface StruckFault {
  readonly fault: Fault;
  /** What the cloud answered to the request, the repeated one if there were two; null: it never arrived. */
  readonly statusCode: number | null;
}

export interface FaultProxy {
  /** An endpoint for the next sandbox. */
  nextEndpoint(): string;
  /** The next sandbox calls for which this is true are counted towards the fault, until it strikes. */
  arm(fault: Fault): void;
  readonly armedCount: number;
  /** Faults that have hit; what they hold may still have to arrive. */
  readonly hitCount: number;
  /** Faults that have hit and hold nothing any more. */
  readonly struck: readonly StruckFault[];
  /** How often each port method was called. */
  readonly calls: ReadonlyMap<PortMethod, number>;
  /** Resolves when the cloud has answered this many more commits, or after `limitMs`. */
  commitsAnswered(count: number, limitMs: number): Promise<void>;
  /** Lets go of every request that is held and every frozen sandbox, and resolves when all is done. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

interface Answer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Call {
  readonly endpoint: string;
  readonly request: ProxiedRequest;
  readonly response: ServerResponse;
}

/** A fault at the call that it was meant for. */
interface Blow {
  readonly fault: Fault;
  readonly hit: (isHit: boolean) => void;
}

interface Armed {
  readonly fault: Fault;
  left: number;
}

/** A sandbox waits no longer than this, whatever others commit: it would give up after 10 s. */
const HELD_MS_MAX = 2_000;
/** What nobody waits for is held longer. */
const ZOMBIE_MS_MAX = 60_000;
/** How often what has been held since is let go of, too. */
const SETTLE_MS = 100;
const HOST = '127.0.0.1';

export async function startFaultProxy(options: {
  readonly upstream: string;
  readonly control: SandboxControl;
}): Promise<FaultProxy> {
  const { control } = options;
  const upstream = new URL(options.upstream);
  const agent = new Agent({ keepAlive: true });
  const commits = createCounter();
  const armed = new Set<Armed>();
  const dead = new Set<string>();
  const struck: StruckFault[] = [];
  const calls = new Map<PortMethod, number>();
  const underWay = new Set<Promise<void>>();
  let sandboxCount = 0;
  let hitCount = 0;

  const forward = async (request: ProxiedRequest): Promise<Answer> => {
    const answer = await send(request, { upstream, agent });
    if (answer.statusCode === 200 && portMethodOf(request) === 'commits.append') commits.add();
    return answer;
  };
  const kill = (endpoint: string) => {
    dead.add(endpoint);
    return control.kill(endpoint);
  };

  /** The fault whose turn it is at this call. */
  const faultAt = (method: PortMethod): Fault | undefined => {
    for (const entry of armed) {
      if (entry.fault.method !== method) continue;
      entry.left -= 1;
      if (entry.left > 0) continue;
      armed.delete(entry);
      return entry.fault;
    }
    return undefined;
  };

  const held = ({ commits: count }: Fault) => commits.after(count, HELD_MS_MAX);
  const buried = ({ commits: count }: Fault) => commits.after(count, ZOMBIE_MS_MAX);

  /** Each says by `hit` whether it found its victim, and resolves to what the cloud answered, if at all. */
  const strike: Readonly<Record<FaultKind, (call: Call, blow: Blow) => Promise<Answer | null>>> = {
    async 'kill-before'({ endpoint, response }, { hit }) {
      hit(kill(endpoint));
      response.destroy();
      return null;
    },
    async 'kill-after'({ endpoint, request, response }, { hit }) {
      const answer = await forward(request);
      hit(!dead.has(endpoint) && kill(endpoint));
      response.destroy();
      return answer;
    },
    async 'kill-zombie'({ endpoint, request, response }, { fault, hit }) {
      hit(kill(endpoint));
      response.destroy();
      await buried(fault);
      return forward(request);
    },
    async 'lost-reply'({ request, response }, { hit }) {
      hit(true);
      const answer = await forward(request);
      response.destroy();
      return answer;
    },
    async 'late-repeat'({ request, response }, { fault, hit }) {
      hit(true);
      response.destroy();
      await buried(fault);
      return forward(request);
    },
    async delay({ request, response }, { fault, hit }) {
      hit(true);
      await held(fault);
      return reply(response, await forward(request));
    },
    async duplicate({ request, response }, { hit }) {
      hit(true);
      await forward(request);
      return reply(response, await forward(request));
    },
    async freeze({ endpoint, request, response }, { fault, hit }) {
      hit(control.freeze(endpoint));
      const answer = reply(response, await forward(request));
      await held(fault);
      control.thaw(endpoint);
      return answer;
    },
  };

  const serve = async (call: Call): Promise<void> => {
    const method = portMethodOf(call.request);
    if (method !== null) calls.set(method, (calls.get(method) ?? 0) + 1);
    // What a killed sandbox had sent before still arrives, but cannot hit it a second time.
    const fault = method === null || dead.has(call.endpoint) ? undefined : faultAt(method);
    if (fault === undefined) {
      reply(call.response, await forward(call.request));
      return;
    }
    let hasHit = false;
    const hit = (isHit: boolean) => {
      hasHit = isHit;
      if (isHit) hitCount += 1;
      else armed.add({ fault, left: fault.occurrence });
    };
    const answer = await strike[fault.kind](call, { fault, hit });
    if (hasHit) struck.push({ fault, statusCode: answer?.statusCode ?? null });
  };

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, (incoming, response) => {
    const done = readRequest(incoming)
      .then(({ sandbox, request }) => serve({ endpoint: endpointOf(sandbox), request, response }))
      // A sandbox died while it was sending, or the cloud stops.
      .catch(() => void response.destroy())
      .finally(() => underWay.delete(done));
    underWay.add(done);
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  const endpointOf = (sandbox: string) => `http://${HOST}:${port}/${sandbox}`;

  return {
    nextEndpoint() {
      sandboxCount += 1;
      return endpointOf(`sandbox-${sandboxCount}`);
    },
    arm: (fault) => void armed.add({ fault, left: fault.occurrence }),
    get armedCount() {
      return armed.size;
    },
    get hitCount() {
      return hitCount;
    },
    struck,
    calls,
    commitsAnswered: (count, limitMs) => commits.after(count, limitMs),
    async settled() {
      while (underWay.size > 0) {
        commits.wakeAll();
        await Promise.race([Promise.all(underWay), commits.after(1, SETTLE_MS)]);
      }
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        agent.destroy();
      }),
  };
}

/** Counts, and wakes those who wait for a number of further counts. */
function createCounter() {
  const waiting = new Set<{ left: number; readonly wake: () => void }>();
  return {
    add() {
      for (const waiter of waiting) {
        waiter.left -= 1;
        if (waiter.left === 0) waiter.wake();
      }
    },
    wakeAll() {
      for (const waiter of [...waiting]) waiter.wake();
    },
    after: (count: number, limitMs: number) =>
      new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(waiter);
          resolve();
        };
        const waiter = { left: count, wake };
        const timer = setTimeout(wake, limitMs);
        waiting.add(waiter);
      }),
  };
}

/** Splits the sandbox's own path off. */
async function readRequest(
  incoming: IncomingMessage,
): Promise<{ readonly sandbox: string; readonly request: ProxiedRequest }> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { method = 'GET', url = '/', headers } = incoming;
  const [, sandbox = '', path = ''] = /^\/([^/?]*)(.*)$/s.exec(url) ?? [];
  return {
    sandbox,
    request: {
      method,
      path: path.startsWith('/') ? path : `/${path}`,
      headers,
      body: Buffer.concat(chunks),
    },
  };
}

function send(
  { method, path, headers, body }: ProxiedRequest,
  to: { readonly upstream: URL; readonly agent: Agent },
): Promise<Answer> {
  // The body is here already, so nobody has to be asked whether it may be sent.
  const { expect: _expect, connection: _connection, ...own } = headers;
  return new Promise((resolve, reject) => {
    const outgoing = sendRequest(
      {
        host: to.upstream.hostname,
        port: to.upstream.port,
        agent: to.agent,
        method,
        path,
        headers: own,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const { statusCode = 502, headers: answered } = incoming;
          resolve({ statusCode, headers: answered, body: Buffer.concat(chunks) });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function reply(response: ServerResponse, answer: Answer): Answer {
  const { connection: _connection, 'keep-alive': _keepAlive, ...headers } = answer.headers;
  if (response.destroyed) return answer;
  response.writeHead(answer.statusCode, headers);
  response.end(answer.body);
  return answer;
}
