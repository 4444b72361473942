// Brings a cloud up: installed, started, answering, and listening where nobody else reaches it.

import { freePort } from '../run/port.ts';
import { startProgram } from '../run/program.ts';
import { createRunFolder } from '../run/run-folder.ts';
import type { Cloud, ForeignCloud, ForeignOptions } from './cloud.ts';

/** The only region and account that need no setting in any of them. */
const REGION = 'us-east-1';
const ACCOUNT_ID = '000000000000';

/** What fails leaves nothing that runs. */
export async function startCloud(cloud: Cloud, options: ForeignOptions): Promise<ForeignCloud> {
  const { say, signal } = options;
  // Asked twice: before the minutes of an installation, and for what happened in them.
  await freePort(options.port);
  await cloud.install({ say, signal });
  signal?.throwIfAborted();
  const port = await freePort(options.port);
  say(`starting ${cloud.name} …`);
  const startedMs = Date.now();
  const endpoint = `http://127.0.0.1:${port}`;
  const folder = createRunFolder();
  const program = startProgram(folder, { name: cloud.name, ...cloud.program(folder, port) });
  try {
    // Whoever else got the port in between may answer, too.
    const isOwn = () => !cloud.onHost || program.listensOn(port);
    const answers = async (over: AbortSignal) => (await cloud.answers(endpoint, over)) && isOwn();
    await program.untilAnswers(answers, signal);
    if (cloud.onHost) program.assertLoopbackOnly();
  } catch (error) {
    await program.stop();
    throw error;
  }
  say(`${cloud.name} is up after ${((Date.now() - startedMs) / 1_000).toFixed(1)} s`);
  const { log, died } = program;
  return { endpoint, region: REGION, accountId: ACCOUNT_ID, log, died, stop: program.stop };
}
