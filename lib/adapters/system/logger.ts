import type { Logger } from '../../ports/logger.ts';

/** One JSON line per event on standard output, where Lambda collects it. */
export const systemLogger: Logger = {
  info: (message, fields) => write('info', message, fields),
  warn: (message, fields) => write('warn', message, fields),
};

function write(level: string, message: string, fields: object): void {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields })}\n`);
}
