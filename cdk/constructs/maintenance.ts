import { type Duration, Validations } from 'aws-cdk-lib';
import { type IRuleTarget, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import { Construct } from 'constructs';
import type { CheckpointBucket } from './checkpoint-bucket.ts';
import type { CommitLogTable } from './commit-log-table.ts';
import { EngineFunction, type EngineFunctionProps } from './engine-function.ts';

export interface MaintenanceProps extends Omit<EngineFunctionProps, 'name' | 'description'> {
  readonly pipeline: string;
  readonly streams: readonly IStream[];
  readonly commitLog: CommitLogTable;
  readonly checkpoints: CheckpointBucket;
  readonly interval: Duration;
}

/**
 * The scheduled function that folds commits into checkpoints and prunes objects. Two runs at once
 * do no harm, because only one of them can move a pointer.
 */
export class Maintenance extends Construct {
  readonly function: EngineFunction;

  constructor(scope: Construct, id: string, props: MaintenanceProps) {
    super(scope, id);
    const { pipeline, streams, commitLog, checkpoints, interval } = props;
    this.function = new EngineFunction(this, 'Task', {
      ...props,
      name: 'maintenance',
      description: `Rivulet: checkpoints and clean-up of pipeline ${pipeline}`,
    });
    this.function.allow(
      new PolicyStatement({
        sid: 'ListShards',
        actions: ['kinesis:DescribeStreamSummary', 'kinesis:ListShards'],
        resources: streams.map(({ streamArn }) => streamArn),
      }),
    );
    commitLog.grantCheckpoint(this.function);
    checkpoints.grantMaintain(this.function);
    const rule = new Rule(this, 'Schedule', {
      description: `Rivulet: maintenance of pipeline ${pipeline}`,
      schedule: Schedule.rate(interval),
      targets: [this.target()],
    });
    Validations.of(rule).acknowledge({
      id: 'Serverless-EventBusDLQ',
      reason: 'The event says nothing but that it is time: what one run missed the next run does.',
    });
    this.function.function.addPermission('Schedule', {
      principal: new ServicePrincipal('events.amazonaws.com'),
      sourceArn: rule.ruleArn,
    });
  }

  // Written out, since the module of ready-made targets would load most of the library. The function
  // reads nothing of the input, but some clouds take an empty one for no event at all.
  private target(): IRuleTarget {
    const arn = this.function.function.functionArn;
    const input = RuleTargetInput.fromObject({ run: 'maintenance' });
    return { bind: () => ({ arn, input }) };
  }
}
