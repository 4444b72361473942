// One port for both HTTP versions. The SDK's Kinesis client speaks HTTP/2 with prior knowledge, every
// other client HTTP/1.1: the first bytes of a connection tell which, and the socket is handed over.

import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { WireAnswer, WireRequest } from './message.ts';

/** Never anything but loopback: the cloud has no authentication. */
const HOST = '127.0.0.1';
/** No method of HTTP/1.1 that a client uses begins with these bytes of the HTTP/2 preface. */
const HTTP2_PREFACE = Buffer.from('PRI');
/** A window of the default 64 KiB would cost a round trip for each 64 KiB of records. */
const WINDOW_BYTES = 32 * 1024 * 1024;
/** Above any single request that clients here send; S3 itself would take 5 GiB. */
const BODY_BYTES_MAX = 512 * 1024 * 1024;

export interface HttpServer {
  readonly port: number;
  /** Refuses new connections and cuts the open ones. */
  stop(): Promise<void>;
}

export type Answer = (request: WireRequest) => WireAnswer | Promise<WireAnswer>;

/**
 * Listens on 127.0.0.1; port 0 takes any free one.
 *
 * @throws the listen error of Node (`EADDRINUSE`, `EACCES`) when the port cannot be had.
 */
export async function startHttpServer(options: {
  readonly port: number;
  readonly answer: Answer;
}): Promise<HttpServer> {
  const { answer } = options;
  const http1 = createHttp1({ requestTimeout: 0, keepAliveTimeout: 0 }, (request, response) =>
    answerHttp1(answer, request, response),
  );
  const http2 = createHttp2({
    settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: 1_000 },
    // The default of 10 MB refuses new streams while a few large answers of GetRecords are on the way.
    maxSessionMemory: 1_024,
  });
  http2.on('session', (session: ServerHttp2Session) => session.setLocalWindowSize(WINDOW_BYTES));
  http2.on('stream', (stream, headers) => answerHttp2(answer, stream, headers));
  // A client that goes away in the middle is its own affair.
  http2.on('sessionError', () => {});
  http1.on('clientError', (_error, socket) => socket.destroy());

  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    detectVersion(socket, (version) =>
      (version === 'http2' ? http2 : http1).emit('connection', socket),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, HOST, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Waits for as many bytes as the decision needs and puts them back before it hands over. */
function detectVersion(socket: Socket, decided: (version: 'http1' | 'http2') => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, HTTP2_PREFACE.length);
    const alike = seen.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
    if (alike && length < HTTP2_PREFACE.length) return;
    socket.off('data', onData);
    socket.pause();
    socket.unshift(seen);
    decided(alike ? 'http2' : 'http1');
    // An HTTP/2 session takes what was put back by itself, and would miss what had flowed away.
    if (!alike) socket.resume();
  };
  socket.on('data', onData);
}

function answerHttp1(answer: Answer, request: IncomingMessage, response: ServerResponse): void {
  const { method = 'GET', url = '/', headers } = request;
  const reply = ({ statusCode, headers: fields, body }: WireAnswer) => {
    if (response.destroyed) return;
    const silent = method === 'HEAD' || statusCode === 204 || statusCode === 304;
    // The answer to HEAD states the length of the body that GET would carry.
    const own = silent ? fields : { ...fields, 'content-length': String(byteLengthOf(body)) };
    response.writeHead(statusCode, own);
    response.end(silent ? undefined : body);
  };
  readBody(request, (body) => settle(answer, { method, ...splitUrl(url), headers, body }, reply));
}

function answerHttp2(
  answer: Answer,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  const method = headers[':method'] ?? 'GET';
  const url = headers[':path'] ?? '/';
  stream.on('error', () => stream.destroy());
  const reply = ({ statusCode, headers: fields, body }: WireAnswer) => {
    if (stream.destroyed) return;
    stream.respond({ ':status': statusCode, ...fields }, { endStream: method === 'HEAD' });
    if (method !== 'HEAD') stream.end(body);
  };
  const host = headers[':authority'];
  readBody(stream, (body) =>
    settle(answer, { method, ...splitUrl(url), headers: { host, ...headers }, body }, reply),
  );
}

/** Answers in the same turn when it can: most calls are synchronous and a turn costs as much as they do. */
function settle(answer: Answer, request: WireRequest, reply: (answer: WireAnswer) => void): void {
  const answered = answer(request);
  if (answered instanceof Promise) void answered.then(reply);
  else reply(answered);
}

function readBody(source: IncomingMessage | ServerHttp2Stream, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  source.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > BODY_BYTES_MAX) source.destroy();
  });
  source.on('end', () => done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
}

function splitUrl(url: string): { path: string; query: string } {
  const mark = url.indexOf('?');
  return mark < 0
    ? { path: url, query: '' }
    : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

function byteLengthOf(body: string | Uint8Array): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
}
