// Whose answer it is that counts for a cloud that is being started.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Cloud, ForeignOptions } from '../../localstack/foreign/clouds/cloud.ts';
import { startCloud } from '../../localstack/foreign/clouds/start.ts';
import { freePort } from '../../localstack/foreign/run/port.ts';

const servers: Server[] = [];
const say = () => undefined;

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Something else of this machine that answers. */
async function startStranger(port: number): Promise<void> {
  const server = createServer((_request, response) => response.end('hello'));
  servers.push(server.listen(port, '127.0.0.1'));
  await once(server, 'listening');
}

async function startAndStop(cloud: Cloud, options: ForeignOptions): Promise<void> {
  await (await startCloud(cloud, options)).stop();
}

/** A cloud that listens nowhere, for as long as it runs. */
const deafCloud: Cloud = {
  name: 'Deaf',
  onHost: true,
  install: async () => undefined,
  program: () => ({
    command: process.execPath,
    args: ['--eval', 'setInterval(() => {}, 1000)'],
    environment: {},
  }),
  answers: async (endpoint, signal) => (await fetch(endpoint, { signal })).ok,
};

describe('a cloud', () => {
  it('is not started on a port that is taken while it is installed', async () => {
    const port = await freePort(0);
    const cloud = { ...deafCloud, install: () => startStranger(port) };
    await expect(startAndStop(cloud, { port, say })).rejects.toThrowError(
      `port ${port} of 127.0.0.1 is taken`,
    );
  });

  it('is not up because another program answers at its port', async () => {
    const interruption = new AbortController();
    let answers = 0;
    const cloud: Cloud = {
      ...deafCloud,
      async answers(endpoint, signal) {
        if (answers === 0) await startStranger(Number(new URL(endpoint).port));
        const isOk = await deafCloud.answers(endpoint, signal);
        answers += 1;
        if (answers === 3) interruption.abort(new Error('enough'));
        return isOk;
      },
    };
    const { signal } = interruption;
    await expect(startAndStop(cloud, { port: 0, say, signal })).rejects.toThrowError('enough');
  });
});
