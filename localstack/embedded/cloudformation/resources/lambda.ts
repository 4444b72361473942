import { physicalNameOf } from '../physical-name.ts';
import type { JsonObject } from '../template.ts';
import { find, objectOf, pick, type ResourceType } from './resource-type.ts';

const FUNCTION_MEMBERS = [
  'Architectures',
  'Description',
  'Environment',
  'Handler',
  'MemorySize',
  'Role',
  'Runtime',
  'Timeout',
];

const MAPPING_MEMBERS = [
  'BatchSize',
  'BisectBatchOnFunctionError',
  'DestinationConfig',
  'Enabled',
  'FilterCriteria',
  'FunctionResponseTypes',
  'MaximumBatchingWindowInSeconds',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'ParallelizationFactor',
  'TumblingWindowInSeconds',
];

export const lambdaFunction: ResourceType = {
  put({ logicalId, stackName, properties }, { call, storeCode }) {
    const FunctionName = String(
      properties['FunctionName'] ??
        physicalNameOf({ stackName, logicalId, lengthMax: 64, lowerCase: false }),
    );
    const ask = () => call('lambda', 'GetFunctionConfiguration', { FunctionName });
    const code = { S3Bucket: 'assets', S3Key: storeCode(objectOf(properties['Code']), logicalId) };
    const settings = pick(properties, FUNCTION_MEMBERS);
    if (find(ask) === undefined) {
      call('lambda', 'CreateFunction', { FunctionName, ...settings, Code: code });
    } else {
      call('lambda', 'UpdateFunctionCode', { FunctionName, ...code });
      call('lambda', 'UpdateFunctionConfiguration', { FunctionName, ...settings });
    }
    return { physicalId: FunctionName, attributes: { Arn: String(ask()['FunctionArn']) } };
  },
  remove({ physicalId }, { call }) {
    call('lambda', 'DeleteFunction', { FunctionName: physicalId });
  },
};

/** A version is published once; CDK gives a changed function a version of another logical id. */
export const version: ResourceType = {
  put({ properties, previous }, { call }) {
    if (previous !== undefined) return previous;
    const published = call(
      'lambda',
      'PublishVersion',
      pick(properties, ['FunctionName', 'Description']),
    );
    return {
      physicalId: String(published['FunctionArn']),
      attributes: {
        FunctionArn: String(published['FunctionArn']),
        Version: String(published['Version']),
      },
    };
  },
};

export const alias: ResourceType = {
  put({ properties }, { call }) {
    const named = pick(properties, ['FunctionName', 'Name']);
    const input = pick(properties, ['FunctionName', 'Name', 'FunctionVersion', 'Description']);
    const isThere = find(() => call('lambda', 'GetAlias', named)) !== undefined;
    const { AliasArn } = call('lambda', isThere ? 'UpdateAlias' : 'CreateAlias', input);
    return { physicalId: String(AliasArn), attributes: { AliasArn: String(AliasArn) } };
  },
  remove({ properties }, { call }) {
    call('lambda', 'DeleteAlias', pick(properties, ['FunctionName', 'Name']));
  },
};

export const eventSourceMapping: ResourceType = {
  put({ properties, previous }, { call }) {
    const settings = pick(properties, MAPPING_MEMBERS);
    const FunctionName = properties['FunctionName'];
    const EventSourceArn = properties['EventSourceArn'];
    const UUID = previous?.physicalId ?? idOfMapping(call, { FunctionName, EventSourceArn });
    const mapping =
      UUID === undefined
        ? call('lambda', 'CreateEventSourceMapping', {
            FunctionName,
            EventSourceArn,
            ...startOf(properties),
            ...settings,
          })
        : call('lambda', 'UpdateEventSourceMapping', { UUID, FunctionName, ...settings });
    const id = String(mapping['UUID']);
    return {
      physicalId: id,
      attributes: { Id: id, EventSourceMappingArn: String(mapping['EventSourceMappingArn']) },
    };
  },
  remove({ physicalId }, { call }) {
    call('lambda', 'DeleteEventSourceMapping', { UUID: physicalId });
  },
};

type Call = Parameters<ResourceType['put']>[1]['call'];

function idOfMapping(call: Call, of: object): string | undefined {
  const { EventSourceMappings } = call('lambda', 'ListEventSourceMappings', of) as {
    readonly EventSourceMappings?: readonly { readonly UUID: string }[];
  };
  return EventSourceMappings?.[0]?.UUID;
}

/** The template states the time in seconds, the models take milliseconds. */
function startOf(properties: JsonObject): object {
  const seconds = properties['StartingPositionTimestamp'];
  return {
    StartingPosition: properties['StartingPosition'],
    ...(seconds === undefined ? {} : { StartingPositionTimestamp: Number(seconds) * 1_000 }),
  };
}
