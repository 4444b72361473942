import { once } from 'node:events';
import { createServer } from 'node:net';

/** The port itself when it is free, any free one for 0. */
export async function freePort(port: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') throw new Error(`cannot listen on port ${port}: ${message}`);
    throw new Error(
      `port ${port} of 127.0.0.1 is taken: end what listens there or choose another with --port`,
    );
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : port;
}
