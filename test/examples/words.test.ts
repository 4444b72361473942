import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type ExampleProgram, startExampleProgram } from '../support/example-program.ts';

const TIMEOUT_MS = 120_000;

let server: Server;
let program: ExampleProgram;
afterEach(() => {
  program.child.kill();
  server.close();
});

/** The program, and the server's end of its connection. */
async function connected(): Promise<Socket> {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  program = startExampleProgram('words', { args: ['127.0.0.1', String(port)] });
  const [socket] = await once(server, 'connection');
  return socket;
}

const LINE = '-------------------------------------------';

it(
  'lines from a server are counted batch by batch until it closes the connection',
  async () => {
    const socket = await connected();
    socket.write('to be or not\nto be\n');
    await program.untilShown('(not,1)');
    socket.end('a b c d e f g h i j k a\r\na\n');
    const { code, output, errors } = await program.ended();

    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    const times = [...output.matchAll(/^Time: (\d+) ms$/gm)].map(([, time]) => Number(time));
    expect(times).toHaveLength(2);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(2_000);
    const heading = [LINE, 'Time: … ms', LINE];
    expect(output.replaceAll(/\d+ ms/g, '… ms').split('\n')).toEqual([
      ...[...heading, '(to,2)', '(be,2)', '(or,1)', '(not,1)', ''],
      ...[...heading, '(a,3)', ...[...'bcdefghij'].map((word) => `(${word},1)`), '...', ''],
      '',
    ]);
  },
  TIMEOUT_MS,
);

it(
  'Ctrl-C ends it while the server goes on',
  async () => {
    const socket = await connected();
    socket.on('error', () => {});
    socket.write('hello\n');
    await program.untilShown('(hello,1)');
    program.child.kill('SIGINT');
    expect(await program.ended()).toMatchObject({ code: 0, errors: '' });
  },
  TIMEOUT_MS,
);

it('a server that does not listen is told in a sentence', async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  program = startExampleProgram('words', { args: ['127.0.0.1', String(port)] });
  const { code, output, errors } = await program.ended();
  expect({ code, output }).toEqual({ code: 1, output: '' });
  expect(errors).toContain(`127.0.0.1:${port}`);
});

it('a port that is none is wrong usage', async () => {
  program = startExampleProgram('words', { args: ['127.0.0.1', 'many'] });
  const { code, errors } = await program.ended();
  expect(code).toBe(2);
  expect(errors).toContain("the port must be a number from 1 to 65535, not 'many'");
});
