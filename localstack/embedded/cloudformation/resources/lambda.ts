import { isDeepStrictEqual } from 'node:util';
import { inventName } from '../physical-name.ts';
import type { JsonObject } from '../template.ts';
import { discard, objectOf, pick, type ResourceType, type Workshop } from './resource-type.ts';

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
/** What a function has where the template says nothing any more. */
const FUNCTION_DEFAULTS = {
  Description: '',
  Environment: { Variables: {} },
  MemorySize: 128,
  Timeout: 3,
};

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

type Call = Workshop['call'];

export const lambdaFunction: ResourceType = {
  nameProperty: 'FunctionName',
  replacedBy: ['PackageType'],
  create(wanted, { call, codeOf }) {
    const { properties } = wanted;
    const FunctionName = String(
      properties['FunctionName'] ?? inventName({ ...wanted, lengthMax: 64, lowerCase: false }),
    );
    const Code = codeOf(objectOf(properties['Code']));
    const settings = pick(properties, FUNCTION_MEMBERS);
    return madeFunction(call('lambda', 'CreateFunction', { FunctionName, ...settings, Code }));
  },
  update({ physicalId: FunctionName, properties: before }, { properties }, { call, codeOf }) {
    if (!isDeepStrictEqual(properties['Code'], before['Code'])) {
      const code = codeOf(objectOf(properties['Code']));
      call('lambda', 'UpdateFunctionCode', { FunctionName, ...code });
    }
    const settings = { ...FUNCTION_DEFAULTS, ...pick(properties, FUNCTION_MEMBERS) };
    return madeFunction(
      call('lambda', 'UpdateFunctionConfiguration', { FunctionName, ...settings }),
    );
  },
  remove({ physicalId }, { call }) {
    discard(() => call('lambda', 'DeleteFunction', { FunctionName: physicalId }));
  },
};

/** A version is published once; CDK gives a changed function a version of another logical id. */
export const version: ResourceType = {
  replacedBy: ['FunctionName', 'Description', 'CodeSha256', 'ProvisionedConcurrencyConfig'],
  create({ properties }, { call }) {
    const { FunctionArn, Version } = call(
      'lambda',
      'PublishVersion',
      pick(properties, ['FunctionName', 'Description', 'CodeSha256']),
    );
    return {
      physicalId: String(FunctionArn),
      attributes: { FunctionArn: String(FunctionArn), Version: String(Version) },
    };
  },
  remove({ properties, attributes }, { call }) {
    discard(() =>
      call('lambda', 'DeleteFunction', {
        FunctionName: properties['FunctionName'],
        Qualifier: attributes['Version'],
      }),
    );
  },
};

export const alias: ResourceType = {
  replacedBy: ['FunctionName', 'Name'],
  create: ({ properties }, { call }) =>
    madeAlias(call('lambda', 'CreateAlias', aliasInput(properties))),
  update: (_there, { properties }, { call }) =>
    madeAlias(call('lambda', 'UpdateAlias', aliasInput(properties))),
  remove({ properties }, { call }) {
    discard(() => call('lambda', 'DeleteAlias', pick(properties, ['FunctionName', 'Name'])));
  },
};

export const eventSourceMapping: ResourceType = {
  replacedBy: ['EventSourceArn', 'StartingPosition', 'StartingPositionTimestamp'],
  create({ properties }, { call }) {
    return madeMapping(
      call('lambda', 'CreateEventSourceMapping', {
        ...pick(properties, ['FunctionName', 'EventSourceArn']),
        ...startOf(properties),
        ...pick(properties, MAPPING_MEMBERS),
      }),
    );
  },
  update({ physicalId: UUID }, { properties }, { call }) {
    const settings = pick(properties, ['FunctionName', ...MAPPING_MEMBERS]);
    return madeMapping(call('lambda', 'UpdateEventSourceMapping', { UUID, ...settings }));
  },
  remove({ physicalId }, { call }) {
    discard(() => call('lambda', 'DeleteEventSourceMapping', { UUID: physicalId }));
  },
};

type Answer = ReturnType<Call>;

function madeFunction({ FunctionName, FunctionArn }: Answer) {
  return { physicalId: String(FunctionName), attributes: { Arn: String(FunctionArn) } };
}

function madeAlias({ AliasArn }: Answer) {
  return { physicalId: String(AliasArn), attributes: { AliasArn: String(AliasArn) } };
}

function madeMapping({ UUID, EventSourceMappingArn }: Answer) {
  return {
    physicalId: String(UUID),
    attributes: { Id: String(UUID), EventSourceMappingArn: String(EventSourceMappingArn) },
  };
}

function aliasInput(properties: JsonObject): object {
  return pick(properties, ['FunctionName', 'Name', 'FunctionVersion', 'Description']);
}

/** The template states the time in seconds, the models take milliseconds. */
function startOf(properties: JsonObject): object {
  const seconds = properties['StartingPositionTimestamp'];
  return {
    StartingPosition: properties['StartingPosition'],
    ...(seconds === undefined ? {} : { StartingPositionTimestamp: Number(seconds) * 1_000 }),
  };
}
