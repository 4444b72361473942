// What the demo says while it runs: on a terminal one line that is written over, elsewhere a line
// every few seconds.

const LINE_INTERVAL_MS = 3_000;
const REDRAW_INTERVAL_MS = 80;
const BAR_WIDTH = 28;

export interface Screen {
  /** A line that stays. */
  say(text: string): void;
  /** How far the run is, from 0 to 1, and what there is to say about it. */
  progress(part: number, text: string): void;
  bold(text: string): string;
  green(text: string): string;
  red(text: string): string;
}

/** Writes to `stream`; colours and redrawing only when it is a terminal and NO_COLOR is not set. */
export function createScreen(stream: NodeJS.WriteStream): Screen {
  const isTerminal = stream.isTTY === true && process.env['TERM'] !== 'dumb';
  const hasColour = isTerminal && !process.env['NO_COLOR'];
  const paint = (code: number) => (text: string) =>
    hasColour ? `\u001b[${code}m${text}\u001b[0m` : text;
  let drawnAtMs = 0;
  let isBarDrawn = false;
  return {
    bold: paint(1),
    green: paint(32),
    red: paint(31),
    say: (text) => {
      stream.write(`${isBarDrawn ? '\r\u001b[2K' : ''}${text}\n`);
      isBarDrawn = false;
    },
    progress: (part, text) => {
      const nowMs = performance.now();
      if (nowMs - drawnAtMs < (isTerminal ? REDRAW_INTERVAL_MS : LINE_INTERVAL_MS)) return;
      drawnAtMs = nowMs;
      if (!isTerminal) {
        stream.write(`  ${text}\n`);
        return;
      }
      const filled = Math.round(Math.min(1, part) * BAR_WIDTH);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
      stream.write(`\r\u001b[2K  ${bar} ${text}`.slice(0, (stream.columns ?? 80) + 5));
      isBarDrawn = true;
    },
  };
}

/** `120000` as `120,000`. */
export const counted = (count: number) => count.toLocaleString('en-US');
