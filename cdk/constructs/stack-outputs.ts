import { CfnOutput, Lazy, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { pascalCase } from '../pascal-case.ts';
import { refuse } from '../refuse.ts';

export interface PipelineOutputs {
  readonly pipeline: string;
  /** Streams by the name of their source. */
  readonly streams: Readonly<Record<string, string>>;
  /** Of the first DynamoDB sink. */
  readonly table: string | undefined;
  readonly bucket: string;
  /** Of the first S3 sink that takes rows. */
  readonly rowsPrefix: string | undefined;
  readonly deadLettersPrefix: string;
  /** Of the first S3 sink that takes late rows. */
  readonly latePrefix: string | undefined;
}

const SUFFIXES = {
  table: 'Table',
  bucket: 'Bucket',
  rowsPrefix: 'RowsPrefix',
  deadLettersPrefix: 'DeadLettersPrefix',
  latePrefix: 'LatePrefix',
} as const;

const PIPELINES = 'RivuletPipelines';

/**
 * The names by which people and tools find a deployed pipeline: `DelaysStream`, `DelaysTable`, …, for
 * several sources `RidesSources`, their names, and a stream for each, as `RidesFaresStream`; and
 * one `RivuletPipelines` per stack, the pipelines' names separated by commas.
 */
export class StackOutputs extends Construct {
  constructor(scope: Construct, id: string, outputs: PipelineOutputs) {
    super(scope, id);
    const { pipeline, streams, ...values } = outputs;
    const prefix = pascalCase(pipeline);
    PipelineList.of(this).add(pipeline, prefix);
    this.declareStreams(prefix, Object.entries(streams));
    for (const [name, suffix] of Object.entries(SUFFIXES)) {
      const value = values[name as keyof typeof values];
      if (value !== undefined) declare(this, `${prefix}${suffix}`, value);
    }
  }

  private declareStreams(prefix: string, streams: readonly (readonly [string, string])[]): void {
    const [first, ...others] = streams;
    if (first !== undefined && others.length === 0) {
      declare(this, `${prefix}Stream`, first[1]);
      return;
    }
    declare(this, `${prefix}Sources`, streams.map(([name]) => name).join(','));
    for (const [name, stream] of streams) {
      declare(this, `${prefix}${pascalCase(name)}Stream`, stream);
    }
  }
}

/** The output that lists the pipelines of a stack; it is complete only when the template is written. */
class PipelineList extends Construct {
  readonly #prefixes = new Map<string, string>();

  static of(scope: Construct): PipelineList {
    const stack = Stack.of(scope);
    const there = stack.node.tryFindChild(PIPELINES);
    return there instanceof PipelineList ? there : new PipelineList(stack, PIPELINES);
  }

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const names = Lazy.string({ produce: () => [...this.#prefixes.values()].sort().join(',') });
    declare(this, PIPELINES, names);
  }

  add(pipeline: string, prefix: string): void {
    const other = this.#prefixes.get(prefix);
    if (other !== undefined) {
      refuse(
        `pipelines '${other}' and '${pipeline}' would have the same outputs (${prefix}…) in one stack: rename one, or give it a stack of its own`,
      );
    }
    this.#prefixes.set(prefix, pipeline);
  }
}

function declare(scope: Construct, key: string, value: string): void {
  new CfnOutput(scope, key, { value }).overrideLogicalId(key);
}
