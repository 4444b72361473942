// The deployable app: one stack for each pipeline named in the context, `Rivulet-delays` for `delays`.
// Settings come from cdk.json and `-c name=value`, never from the environment or from AWS, so the
// template is the same on every machine.

import { join } from 'node:path';
import {
  App,
  CloudFormationValidatePlugin,
  Duration,
  type IPolicyValidationPlugin,
  RemovalPolicy,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import { isRefusal, refuse } from './refuse.ts';
import { StreamingPipeline } from './streaming-pipeline.ts';

const PIPELINES_FOLDER = join(import.meta.dirname, '..', 'functions', 'pipelines');

const REMOVAL_POLICIES = {
  retain: RemovalPolicy.RETAIN,
  destroy: RemovalPolicy.DESTROY,
} as const;

try {
  const app = new App({
    analyticsReporting: false,
    // After a refusal there is nothing to write at the end of the process.
    autoSynth: false,
    // Four of five seconds of a synthesis: it runs in the tests of this project, and with `nag`.
    builtinCloudFormationValidation: false,
  });
  const shardCount = Number(contextOf(app, 'shardCount'));
  const maxBatchingWindow = batchingWindowOf(app);
  const removalPolicy = removalPolicyOf(app);
  for (const name of contextOf(app, 'pipeline').split(',')) {
    const stack = new Stack(app, `Rivulet-${name}`, {
      description: `Rivulet pipeline ${name}: Kinesis, Lambda, DynamoDB and S3`,
    });
    new StreamingPipeline(stack, 'Pipeline', {
      entry: join(PIPELINES_FOLDER, `${name}.ts`),
      shardCount,
      maxBatchingWindow,
      removalPolicy,
    });
  }
  if (contextOf(app, 'nag') === 'true') {
    const { AwsSolutionsChecks, ServerlessChecks } = await import('cdk-nag');
    Validations.of(app).addPlugins(
      // Its optional members are not declared as this project's compiler options ask for.
      new CloudFormationValidatePlugin() as IPolicyValidationPlugin,
      new AwsSolutionsChecks(app),
      new ServerlessChecks(app),
    );
  }
  app.synth();
} catch (error) {
  if (!isRefusal(error)) throw error;
  // The author needs the sentence, not the way through the library.
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function contextOf(app: App, name: string): string {
  const value: unknown = app.node.tryGetContext(name);
  if (value === undefined || value === '') {
    return refuse(`context '${name}' is missing: run cdk where cdk.json is, or add -c ${name}=…`);
  }
  return String(value);
}

function batchingWindowOf(app: App): Duration {
  const text = contextOf(app, 'batchingWindowSeconds');
  if (!/^\d+$/.test(text)) {
    return refuse(`context 'batchingWindowSeconds' is '${text}': give a whole number of seconds`);
  }
  return Duration.seconds(Number(text));
}

function removalPolicyOf(app: App): RemovalPolicy {
  const name = contextOf(app, 'removalPolicy');
  if (name !== 'retain' && name !== 'destroy') {
    return refuse(`context 'removalPolicy' is '${name}': say retain or destroy`);
  }
  return REMOVAL_POLICIES[name];
}
