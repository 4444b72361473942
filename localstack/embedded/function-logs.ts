/** Lines kept per function: enough to see what a failing one said. */
const LINES_MAX = 1_000;

/** The last lines that each function printed. */
export interface FunctionLogs {
  append(functionName: string, text: string): void;
  linesOf(functionName: string): readonly string[];
}

export function createFunctionLogs(): FunctionLogs {
  const lines = new Map<string, string[]>();
  const unfinished = new Map<string, string>();
  return {
    append(functionName, text) {
      const parts = ((unfinished.get(functionName) ?? '') + text).split('\n');
      unfinished.set(functionName, parts.pop() ?? '');
      const kept = [...(lines.get(functionName) ?? []), ...parts];
      lines.set(functionName, kept.slice(-LINES_MAX));
    },
    linesOf(functionName) {
      const rest = unfinished.get(functionName) ?? '';
      const whole = lines.get(functionName) ?? [];
      return rest === '' ? whole : [...whole, rest];
    },
  };
}
