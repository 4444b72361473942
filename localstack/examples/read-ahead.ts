import { createInterface } from 'node:readline';

/** Gives the lines that wait, in order, up to so many and one at least; none when there is no more. */
export type WaitingLines = (linesMax: number) => Promise<readonly string[]>;

/** Reads lines as they come, from now on. */
export function readAhead(input: NodeJS.ReadableStream): WaitingLines {
  const lines: string[] = [];
  let ended = false;
  let wake = () => {};
  const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  reader.on('line', (line) => {
    lines.push(line);
    wake();
  });
  reader.once('close', () => {
    ended = true;
    wake();
  });
  // A connection that is cut closes without an end.
  input.once('close', () => reader.close());
  return async (linesMax) => {
    while (lines.length === 0 && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return lines.splice(0, linesMax);
  };
}
