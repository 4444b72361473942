import type { Places } from './run.ts';

/** The places of a pipeline from the outputs of its stack, whose names begin with the pipeline's. */
export function placesOf(outputs: Readonly<Record<string, string>>, pipeline: string): Places {
  const output = (name: string) => {
    const value = outputs[`${pipeline}${name}`];
    if (value === undefined) throw new Error(`the stack has no output ${pipeline}${name}`);
    return value;
  };
  return {
    stream: output('Stream'),
    table: output('Table'),
    bucket: output('Bucket'),
    rowsPrefix: output('RowsPrefix'),
    latePrefix: output('LatePrefix'),
    deadLettersPrefix: output('DeadLettersPrefix'),
  };
}
