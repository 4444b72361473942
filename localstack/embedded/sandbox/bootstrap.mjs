// The program of a sandbox: loads a function's handler once, then runs one invocation at a time.
// Plain JavaScript, because the sandbox is Node alone with nothing of the project in it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

const [root, handlerPath, parentPid, watchMs] = process.argv.slice(2);

// The channel closes when the cloud dies, by SIGKILL too. A handler that never returns to the event
// loop would not notice, hence the second watch from a thread of its own.
process.once('disconnect', () => process.exit(0));
new Worker(
  `setInterval(() => {
     if (process.ppid !== ${parentPid}) process.kill(process.pid, 'SIGKILL');
   }, ${watchMs});`,
  { eval: true, env: {}, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 8 } },
).unref();

function modulePathOf(path) {
  const dot = path.lastIndexOf('.');
  const base = join(root, path.slice(0, dot));
  const found = ['.mjs', '.js', '.cjs'].map((end) => base + end).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`no module ${base}.mjs, .js or .cjs`);
  return [found, path.slice(dot + 1)];
}

async function loadHandler() {
  const [path, name] = modulePathOf(handlerPath);
  const loaded = await import(pathToFileURL(path).href);
  const handler = loaded[name] ?? loaded.default?.[name];
  if (typeof handler !== 'function') throw new Error(`${handlerPath} is not a function`);
  return handler;
}

function failureOf(error) {
  return error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
    : { errorType: 'Error', errorMessage: String(error), trace: [] };
}

/** A handler answers by a promise, or by its third argument. */
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    const callback = (error, result) => (error ? reject(error) : resolve(result));
    const returned = handler(event, context, callback);
    if (typeof returned?.then === 'function') returned.then(resolve, reject);
    else if (handler.length < 3) resolve(returned);
  });
}

function contextOf({ timeoutMs, ...fields }) {
  const deadlineMs = Date.now() + timeoutMs;
  return {
    ...fields,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
}

try {
  const handler = await loadHandler();
  process.on('message', async ({ event, context }) => {
    try {
      const result = await run(handler, JSON.parse(event), contextOf(context));
      process.send({ kind: 'returned', payload: JSON.stringify(result) ?? 'null' });
    } catch (error) {
      const failure = failureOf(error);
      process.stderr.write(`${failure.trace.join('\n') || failure.errorMessage}\n`);
      process.send({ kind: 'failed', ...failure });
    }
  });
  process.send({ kind: 'ready' });
} catch (error) {
  const failure = failureOf(error);
  process.stderr.write(`${failure.trace.join('\n')}\n`);
  process.send({ kind: 'unloadable', ...failure }, () => process.exit(1));
}
