import { type Duration, Stack } from 'aws-cdk-lib';
import { type IStream, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import type { Construct } from 'constructs';
import { ENVIRONMENT, OPTIONAL_ENVIRONMENT } from '../lib/contract/environment.ts';
import { isKeyed, type Plan, sourcesOf } from '../lib/plan/plan.ts';
import type { Protection } from './constructs/protection.ts';
import { SourceStream, type SourceStreamProps } from './constructs/source-stream.ts';
import { pascalCase } from './pascal-case.ts';
import { refuse } from './refuse.ts';

/** The stream of one source. */
export interface SourceProps {
  /**
   * A stream that exists already; it keeps its own settings.
   *
   * @default a new stream
   */
  readonly stream?: IStream;

  /**
   * Number of shards of the new stream.
   *
   * @default as for the whole pipeline
   */
  readonly shardCount?: number;

  /**
   * Whether shards are provisioned or come and go by themselves.
   *
   * @default as for the whole pipeline
   */
  readonly streamMode?: StreamMode;

  /**
   * How long the new stream keeps records.
   *
   * @default as for the whole pipeline
   */
  readonly retentionPeriod?: Duration;
}

/** Settings of all sources, and what is different for some, by name. */
export interface SourcesProps extends SourceProps {
  readonly sources?: Readonly<Record<string, SourceProps>>;
}

/** Streams by the name of their source. */
type Streams = Readonly<Record<string, IStream>>;

/** The stream of each source of a plan, in its order. */
export function createSources(
  scope: Construct,
  of: { readonly plan: Plan; readonly props: SourcesProps; readonly protection: Protection },
): readonly (readonly [name: string, source: SourceStream])[] {
  const { plan, props, protection } = of;
  const names = sourcesOf(plan).map(({ name }) => name);
  return names.map((name) => {
    const id = names.length === 1 ? 'Source' : `Source${pascalCase(name)}`;
    const settings = settingsOf(props, props.sources?.[name] ?? {});
    return [name, new SourceStream(scope, id, { ...settings, protection })];
  });
}

/** Tells the functions which streams there are. */
export function streamVariables(scope: Construct, streams: Streams): Record<string, string> {
  const arns = Object.entries(streams).map(([name, { streamArn }]) => [name, streamArn] as const);
  const [first] = arns;
  return first !== undefined && arns.length === 1
    ? { [ENVIRONMENT.streamArn]: first[1] }
    : { [OPTIONAL_ENVIRONMENT.sources]: Stack.of(scope).toJsonString(Object.fromEntries(arns)) };
}

/** Tells the functions which logs there are. */
export function logVariables(plan: Plan): Record<string, string> {
  const [first, second] = sourcesOf(plan);
  return {
    ...(first !== undefined && second === undefined && { [ENVIRONMENT.source]: first.name }),
    ...(plan.inOneTask && { [OPTIONAL_ENVIRONMENT.inOneTask]: 'true' }),
  };
}

/** Refuses settings of no source, and streams that a plan cannot run on. */
export function assertSources(plan: Plan, props: SourcesProps): void {
  const names = sourcesOf(plan).map(({ name }) => name);
  const given = props.sources ?? {};
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    refuse(`pipeline '${plan.name}' has no source '${unknown}': it has ${names.join(', ')}`);
  }
  if (names.length > 1 && props.stream !== undefined) {
    refuse(
      `pipeline '${plan.name}' has ${names.length} sources: give existing streams as sources: { '${names[0]}': { stream } }`,
    );
  }
  for (const name of names) {
    const { existing, mode } = settingsOf(props, given[name] ?? {});
    const other = names.find(
      (one) => one !== name && existing !== undefined && given[one]?.stream === existing,
    );
    if (other !== undefined) {
      refuse(
        `sources '${other}' and '${name}' of pipeline '${plan.name}' are one stream: Lambda hands each of its records over once, so read it as one source`,
      );
    }
    if (isKeyed(plan) && !plan.inOneTask && mode === StreamMode.ON_DEMAND) {
      refuse(
        `pipeline '${plan.name}' keeps state by key, which does not follow the splits of an on-demand stream: leave out streamMode and set shardCount`,
      );
    }
  }
}

/** What holds for the stream of one source; an existing one has nothing from the pipeline. */
function settingsOf(props: SourcesProps, own: SourceProps): Omit<SourceStreamProps, 'protection'> {
  const given: SourceProps = own.stream === undefined ? { ...props, ...own } : own;
  const { stream, shardCount, streamMode, retentionPeriod } = given;
  return { existing: stream, mode: streamMode, shardCount, retentionPeriod };
}
