import { physicalNameOf } from '../physical-name.ts';
import { find, listOf, objectOf, type ResourceType } from './resource-type.ts';

/** A stream that nobody says anything about keeps its records for a day. */
const RETENTION_HOURS = 24;

export const stream: ResourceType = {
  put({ logicalId, stackName, properties }, { call }) {
    const StreamName = String(
      properties['Name'] ??
        physicalNameOf({ stackName, logicalId, lengthMax: 128, lowerCase: false }),
    );
    const ask = () => call('kinesis', 'DescribeStreamSummary', { StreamName });
    const shardCount = Number(properties['ShardCount'] ?? 1);
    const mode = String(objectOf(properties['StreamModeDetails'])['StreamMode'] ?? 'PROVISIONED');
    if (find(ask) === undefined) {
      call('kinesis', 'CreateStream', {
        StreamName,
        StreamModeDetails: { StreamMode: mode },
        ...(mode === 'PROVISIONED' ? { ShardCount: shardCount } : {}),
      });
    }
    const summary = ask()['StreamDescriptionSummary'] as {
      readonly StreamARN: string;
      readonly OpenShardCount: number;
      readonly RetentionPeriodHours: number;
      readonly EncryptionType?: string;
    };
    if (mode === 'PROVISIONED' && summary.OpenShardCount !== shardCount) {
      call('kinesis', 'UpdateShardCount', {
        StreamName,
        TargetShardCount: shardCount,
        ScalingType: 'UNIFORM_SCALING',
      });
    }
    const hours = Number(properties['RetentionPeriodHours'] ?? RETENTION_HOURS);
    if (hours !== summary.RetentionPeriodHours) {
      const direction = hours > summary.RetentionPeriodHours ? 'Increase' : 'Decrease';
      call('kinesis', `${direction}StreamRetentionPeriod`, {
        StreamName,
        RetentionPeriodHours: hours,
      });
    }
    const encryption = objectOf(properties['StreamEncryption']);
    if (encryption['EncryptionType'] === 'KMS' && summary.EncryptionType !== 'KMS') {
      call('kinesis', 'StartStreamEncryption', { StreamName, ...encryption });
    }
    const sizeKiB = properties['MaxRecordSizeInKiB'];
    if (sizeKiB !== undefined) {
      call('kinesis', 'UpdateMaxRecordSize', {
        StreamARN: summary.StreamARN,
        MaxRecordSizeInKiB: Number(sizeKiB),
      });
    }
    const tags = listOf(properties['Tags']).map((tag) => {
      const { Key, Value } = objectOf(tag);
      return [String(Key), String(Value)];
    });
    if (tags.length > 0) {
      call('kinesis', 'AddTagsToStream', { StreamName, Tags: Object.fromEntries(tags) });
    }
    return { physicalId: StreamName, attributes: { Arn: summary.StreamARN } };
  },
  remove({ physicalId }, { call }) {
    call('kinesis', 'DeleteStream', { StreamName: physicalId, EnforceConsumerDeletion: true });
  },
};

export const streamPolicy: ResourceType = {
  put({ properties }, { call }) {
    const ResourceARN = String(properties['ResourceArn']);
    call('kinesis', 'PutResourcePolicy', {
      ResourceARN,
      Policy: JSON.stringify(properties['ResourcePolicy']),
    });
    return { physicalId: ResourceARN };
  },
  remove({ physicalId }, { call }) {
    call('kinesis', 'DeleteResourcePolicy', { ResourceARN: physicalId });
  },
};
