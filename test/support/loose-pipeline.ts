import { type KinesisSource, type Plan, pipeline } from '../../lib/index.ts';

/** A stream as plain JavaScript sees it: every step can be written, whether or not it can run. */
export type LooseStream = {
  readonly [step: string]: (...args: readonly unknown[]) => LooseStream;
} & { plan(): Plan; explain(): string };

/** Begins a pipeline that no compiler checks. */
export function loosePipeline(
  name: string,
  options: Parameters<typeof pipeline>[1] = {},
): { from(source: KinesisSource<unknown>): LooseStream } {
  return pipeline(name, options) as unknown as ReturnType<typeof loosePipeline>;
}
