// What the suite deploys, as cloud assemblies for the CDK's command line: synthesised in this process,
// once for each edition. Names hold the run, so that runs do not meet in one account.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { CheckpointBucket } from '../../../cdk/constructs/checkpoint-bucket.ts';
import type { CommitLogTable } from '../../../cdk/constructs/commit-log-table.ts';
import { StreamingPipeline, type StreamingPipelineProps } from '../../../cdk/index.ts';
import { pascalCase } from '../../../cdk/pascal-case.ts';
import { addChanging, addProbe } from './probe/stack.ts';

const PROJECT = join(import.meta.dirname, '..', '..', '..');
const DELAYS = join(PROJECT, 'functions', 'pipelines', 'delays.ts');
const fixture = (name: string) => join(import.meta.dirname, 'fixtures', `${name}.ts`);

/** How long an invocation of the slow pipeline may take. */
export const TASK_TIMEOUT_S = 6;

/** The first deployment, and the same stacks with other code in their functions. */
export type Edition = 'first' | 'second';

export const stackNames = (run: string) => ({
  /** The example as it is by default: what it holds outlives it. */
  kept: `Rivulet-${run}-kept`,
  /** Pipelines of the suite's own, which leave nothing. */
  gone: `Rivulet-${run}-gone`,
  probe: `Rivulet-${run}-probe`,
  /** Changed to see whether the cloud can. */
  changing: `Rivulet-${run}-changing`,
});

/** Writes the assembly of an edition into `folder`. */
export function synthesise(
  folder: string,
  { run, edition }: { readonly run: string; readonly edition: Edition },
): void {
  const { context } = JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8'));
  const app = new App({
    outdir: folder,
    postCliContext: { ...context, '@aws-cdk/core:bootstrapQualifier': run },
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
  });
  const entry = edition === 'first' ? DELAYS : fixture('delays-again');
  const names = stackNames(run);
  const kept = new Stack(app, names.kept);
  addPipeline(kept, 'Kept', { entry, checkpointInterval: Duration.days(1) });
  const gone = new Stack(app, names.gone);
  const removalPolicy = RemovalPolicy.DESTROY;
  // Nothing but the suite itself invokes this one, and nothing but the schedule its maintenance.
  const raced = addPipeline(gone, 'Raced', {
    entry,
    shardCount: 1,
    checkpointInterval: Duration.minutes(1),
    removalPolicy,
  });
  mappingOf(raced).enabled = false;
  const mortal = addPipeline(gone, 'Mortal', {
    entry: fixture('mortal'),
    shardCount: 1,
    removalPolicy,
  });
  mortal.partitionTask.addEnvironment('TAKEN_BUCKET', mortal.outputBucket.bucketName);
  mortal.outputBucket.grantPut(mortal.partitionTask, 'taken/*');
  addPipeline(gone, 'Resharded', { entry: fixture('resharded'), shardCount: 1, removalPolicy });
  addPipeline(gone, 'Slow', {
    entry: fixture('slow'),
    shardCount: 1,
    timeout: Duration.seconds(TASK_TIMEOUT_S),
    removalPolicy,
  });
  addProbe(new Stack(app, names.probe));
  addChanging(new Stack(app, names.changing), edition);
  app.synth();
}

/** A pipeline, and the names of what the suite needs beside its outputs. */
function addPipeline(stack: Stack, id: string, props: StreamingPipelineProps): StreamingPipeline {
  const streaming = new StreamingPipeline(stack, id, props);
  const prefix = pascalCase(streaming.plan.name);
  const values = {
    Task: streaming.partitionTask.functionName,
    Maintenance: streaming.maintenance.functionName,
    Log: (streaming.node.findChild('CommitLog') as CommitLogTable).table.tableName,
    Checkpoints: (streaming.node.findChild('Checkpoints') as CheckpointBucket).bucket.bucketName,
  };
  for (const [suffix, value] of Object.entries(values)) {
    new CfnOutput(stack, `${prefix}${suffix}`, { value });
  }
  return streaming;
}

const mappingOf = (streaming: StreamingPipeline) =>
  streaming.node.findChild('PartitionTask').node.findChild('Mapping') as CfnEventSourceMapping;
