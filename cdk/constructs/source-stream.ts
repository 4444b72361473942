import { Duration, Token, Validations } from 'aws-cdk-lib';
import { type IStream, Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { Construct } from 'constructs';
import { refuse } from '../refuse.ts';
import type { Protection } from './protection.ts';

export interface SourceStreamProps {
  /** A stream that is there already; the other properties are then its owner's. */
  readonly existing: IStream | undefined;
  readonly mode: StreamMode | undefined;
  readonly shardCount: number | undefined;
  readonly retentionPeriod: Duration | undefined;
  readonly protection: Protection;
}

const SHARDS_BY_DEFAULT = 2;
/** Kinesis keeps records for at least a day, at most a year ("Change the data retention period"). */
const RETENTION_HOURS = { min: 24, max: 8_760 };

/** The Kinesis stream that a pipeline reads. */
export class SourceStream extends Construct {
  readonly stream: IStream;

  constructor(scope: Construct, id: string, props: SourceStreamProps) {
    super(scope, id);
    this.stream = props.existing === undefined ? this.create(props) : adopt(props.existing, props);
  }

  private create(props: SourceStreamProps): IStream {
    const { mode = StreamMode.PROVISIONED, protection } = props;
    assertShardCount(props.shardCount, mode);
    const retentionPeriod = props.retentionPeriod ?? Duration.hours(RETENTION_HOURS.min);
    assertRetention(retentionPeriod);
    const stream = new Stream(this, 'Stream', {
      streamMode: mode,
      ...(mode === StreamMode.PROVISIONED && { shardCount: props.shardCount ?? SHARDS_BY_DEFAULT }),
      retentionPeriod,
      ...(protection.key === undefined
        ? { encryption: StreamEncryption.MANAGED }
        : { encryption: StreamEncryption.KMS, encryptionKey: protection.key }),
      removalPolicy: protection.removalPolicy,
    });
    if (protection.key !== undefined) {
      Validations.of(stream).acknowledge({
        id: 'AwsSolutions-KDS3',
        reason:
          'The pipeline was given a customer-managed key on purpose: its policy is the control.',
      });
    }
    return stream;
  }
}

function adopt(stream: IStream, props: SourceStreamProps): IStream {
  for (const name of ['shardCount', 'mode', 'retentionPeriod'] as const) {
    if (props[name] !== undefined) {
      refuse(
        `${name === 'mode' ? 'streamMode' : name} belongs to the owner of an existing stream: leave it out, or leave out \`stream\``,
      );
    }
  }
  return stream;
}

function assertShardCount(shardCount: number | undefined, mode: StreamMode): void {
  if (shardCount === undefined) return;
  if (mode === StreamMode.ON_DEMAND) {
    refuse('an on-demand stream chooses its number of shards itself: leave out shardCount');
  }
  if (Token.isUnresolved(shardCount)) return;
  if (!Number.isInteger(shardCount) || shardCount < 1) {
    refuse(`shardCount is ${shardCount}: give a whole number of at least 1`);
  }
}

function assertRetention(retentionPeriod: Duration): void {
  if (retentionPeriod.isUnresolved()) return;
  const hours = retentionPeriod.toHours({ integral: false });
  const { min, max } = RETENTION_HOURS;
  if (!Number.isInteger(hours) || hours < min || hours > max) {
    refuse(`retentionPeriod is ${hours} hours: Kinesis takes whole hours from ${min} to ${max}`);
  }
}
