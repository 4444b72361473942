import { inventName } from '../physical-name.ts';
import type { JsonObject } from '../template.ts';
import {
  discard,
  find,
  listOf,
  objectOf,
  type ResourceType,
  type Workshop,
} from './resource-type.ts';

/** A stream that nobody says anything about keeps its records for a day. */
const RETENTION_HOURS = 24;

type Call = Workshop['call'];

export const stream: ResourceType = {
  nameProperty: 'Name',
  create(wanted, { call }) {
    const { properties } = wanted;
    const StreamName = String(
      properties['Name'] ?? inventName({ ...wanted, lengthMax: 128, lowerCase: false }),
    );
    const StreamMode = modeOf(properties);
    call('kinesis', 'CreateStream', {
      StreamName,
      StreamModeDetails: { StreamMode },
      ...(StreamMode === 'PROVISIONED' ? { ShardCount: shardCountOf(properties) } : {}),
    });
    return madeStream(StreamName, call);
  },
  adopt({ properties }, { call }) {
    const StreamName = properties['Name'];
    if (StreamName === undefined) return undefined;
    const there = find(() => call('kinesis', 'DescribeStreamSummary', { StreamName }));
    return there === undefined ? undefined : madeStream(String(StreamName), call);
  },
  update({ physicalId }, { properties }, { call }) {
    const { StreamARN, ...summary } = summaryOf(physicalId, call);
    const StreamMode = modeOf(properties);
    if (summary.StreamModeDetails.StreamMode !== StreamMode) {
      call('kinesis', 'UpdateStreamMode', { StreamARN, StreamModeDetails: { StreamMode } });
    }
    return madeStream(physicalId, call);
  },
  configure({ physicalId: StreamName }, { properties }, { call, before }) {
    const { StreamARN, ...summary } = summaryOf(StreamName, call);
    const shardCount = shardCountOf(properties);
    if (modeOf(properties) === 'PROVISIONED' && summary.OpenShardCount !== shardCount) {
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
    putEncryption(StreamName, { properties, before, current: summary.EncryptionType }, call);
    const sizeKiB = properties['MaxRecordSizeInKiB'];
    if (sizeKiB !== undefined) {
      call('kinesis', 'UpdateMaxRecordSize', { StreamARN, MaxRecordSizeInKiB: Number(sizeKiB) });
    }
    putTags(StreamName, { properties, before }, call);
  },
  remove({ physicalId }, { call }) {
    discard(() =>
      call('kinesis', 'DeleteStream', { StreamName: physicalId, EnforceConsumerDeletion: true }),
    );
  },
};

export const streamPolicy: ResourceType = {
  replacedBy: ['ResourceArn'],
  create({ properties }, { call }) {
    return putPolicy(properties, call);
  },
  update(_there, { properties }, { call }) {
    return putPolicy(properties, call);
  },
  remove({ physicalId }, { call }) {
    discard(() => call('kinesis', 'DeleteResourcePolicy', { ResourceARN: physicalId }));
  },
};

function modeOf(properties: JsonObject): string {
  return String(objectOf(properties['StreamModeDetails'])['StreamMode'] ?? 'PROVISIONED');
}

function shardCountOf(properties: JsonObject): number {
  return Number(properties['ShardCount'] ?? 1);
}

function summaryOf(StreamName: string, call: Call) {
  return call('kinesis', 'DescribeStreamSummary', { StreamName })['StreamDescriptionSummary'] as {
    readonly StreamARN: string;
    readonly StreamModeDetails: { readonly StreamMode: string };
    readonly OpenShardCount: number;
    readonly RetentionPeriodHours: number;
    readonly EncryptionType?: string;
  };
}

function madeStream(StreamName: string, call: Call) {
  return { physicalId: StreamName, attributes: { Arn: summaryOf(StreamName, call).StreamARN } };
}

function putEncryption(
  StreamName: string,
  stream: {
    readonly properties: JsonObject;
    readonly before: JsonObject;
    readonly current: string | undefined;
  },
  call: Call,
): void {
  const wanted = objectOf(stream.properties['StreamEncryption']);
  if (wanted['EncryptionType'] === 'KMS') {
    if (stream.current !== 'KMS')
      call('kinesis', 'StartStreamEncryption', { StreamName, ...wanted });
  } else if (stream.current === 'KMS') {
    const former = objectOf(stream.before['StreamEncryption']);
    call('kinesis', 'StopStreamEncryption', { StreamName, ...former });
  }
}

function putTags(
  StreamName: string,
  stream: { readonly properties: JsonObject; readonly before: JsonObject },
  call: Call,
): void {
  const wanted = tagsOf(stream.properties);
  const stale = Object.keys(tagsOf(stream.before)).filter((key) => !(key in wanted));
  if (stale.length > 0) call('kinesis', 'RemoveTagsFromStream', { StreamName, TagKeys: stale });
  if (Object.keys(wanted).length > 0)
    call('kinesis', 'AddTagsToStream', { StreamName, Tags: wanted });
}

function tagsOf(properties: JsonObject): Record<string, string> {
  const pairs = listOf(properties['Tags']).map((tag) => {
    const { Key, Value } = objectOf(tag);
    return [String(Key), String(Value)];
  });
  return Object.fromEntries(pairs);
}

function putPolicy(properties: JsonObject, call: Call) {
  const ResourceARN = String(properties['ResourceArn']);
  const Policy = JSON.stringify(properties['ResourcePolicy']);
  call('kinesis', 'PutResourcePolicy', { ResourceARN, Policy });
  return { physicalId: ResourceARN };
}
