// The process that runs parts of campaigns. It takes the runner from a bundle, because a planted bug
// is in the bundle alone; packages are loaded once for all bundles.

import { pathToFileURL } from 'node:url';
import type * as Runner from './run-part.ts';
import type { WorkerAnswer, WorkerRequest } from './worker-pool.ts';

process.on('message', (request: WorkerRequest) => {
  const { id } = request;
  const answer = (message: WorkerAnswer) => process.send!(message);
  run(request, () => answer({ id, kind: 'run' })).then(
    (result) => answer({ id, kind: 'result', result }),
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      answer({ id, kind: 'error', text });
    },
  );
});

async function run({ bundlePath, part }: WorkerRequest, onRun: () => void) {
  const runner = (await import(pathToFileURL(bundlePath).href)) as typeof Runner;
  return runner.runPart(part, onRun);
}
