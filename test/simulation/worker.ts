// The process that runs parts of a campaign; bundled with the sources of lib, which a planted bug may
// have changed. Parts come in as messages, results go out as messages.

import { type Part, runPart } from './run-part.ts';

export type WorkerRequest = { readonly id: number; readonly part: Part };

process.on('message', ({ id, part }: WorkerRequest) => {
  const onRun = () => process.send!({ id, kind: 'run' });
  runPart(part, onRun).then(
    (result) => process.send!({ id, kind: 'result', result }),
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send!({ id, kind: 'error', text });
    },
  );
});
