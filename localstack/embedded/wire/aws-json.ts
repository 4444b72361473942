// The face of the services that name their operation in `x-amz-target`.

import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ServiceError } from '../../../lib/cloud/service.ts';
import { headerOf, type WireAnswer, type WireRequest } from '../http/message.ts';
import { decodeDynamoDbInput, encodeDynamoDbOutput } from './dynamodb-json.ts';
import {
  decodeKinesisCbor,
  decodeKinesisJson,
  encodeKinesisCbor,
  encodeKinesisJson,
} from './kinesis-wire.ts';
import { type CallService, malformed, refusalOf } from './refusal.ts';

const CBOR = 'application/x-amz-cbor-1.1';

interface Format {
  readonly service: string;
  readonly contentType: string;
  decode(body: Buffer): object;
  encode(operation: string, output: object): string | Uint8Array;
  /** What stands before the code of a refusal. */
  readonly errorPrefix: string;
  /** DynamoDB's clients check the sum when it is there. */
  readonly checksum: boolean;
}

const DYNAMODB: Format = {
  service: 'dynamodb',
  contentType: 'application/x-amz-json-1.0',
  decode: decodeDynamoDbInput,
  encode: encodeDynamoDbOutput,
  errorPrefix: 'com.amazonaws.dynamodb.v20120810#',
  checksum: true,
};

const KINESIS_JSON: Format = {
  service: 'kinesis',
  contentType: 'application/x-amz-json-1.1',
  decode: decodeKinesisJson,
  encode: (_operation, output) => encodeKinesisJson(output),
  errorPrefix: '',
  checksum: false,
};

const KINESIS_CBOR: Format = {
  ...KINESIS_JSON,
  contentType: CBOR,
  decode: decodeKinesisCbor,
  encode: (_operation, output) => encodeKinesisCbor(output),
};

const SSM: Format = {
  service: 'ssm',
  contentType: 'application/x-amz-json-1.1',
  decode: (body) => JSON.parse(body.toString('utf8')) as object,
  encode: (_operation, output) => JSON.stringify(output),
  errorPrefix: '',
  checksum: false,
};

const EVENTS: Format = { ...SSM, service: 'events' };

/** Answers one call of Kinesis, DynamoDB, SSM or EventBridge; a target of another service is refused by name. */
export function answerTarget(
  request: WireRequest,
  target: { readonly prefix: string; readonly operation: string },
  call: CallService,
): WireAnswer {
  const format = formatOf(request, target.prefix);
  try {
    if (format === undefined) {
      throw new ServiceError(
        'UnknownOperationException',
        `the embedded cloud has no service with the target ${target.prefix}`,
      );
    }
    if (target.operation === 'SubscribeToShard') {
      throw new ServiceError(
        'UnknownOperationException',
        'the embedded cloud has no event streams: read the shard with GetRecords',
      );
    }
    const output = call(format.service, target.operation, decodeBody(format, request.body));
    return answerOf(format, 200, format.encode(target.operation, output));
  } catch (error) {
    return answerRefusal(format ?? KINESIS_JSON, refusalOf(error));
  }
}

function formatOf(request: WireRequest, prefix: string): Format | undefined {
  switch (prefix) {
    case 'DynamoDB_20120810':
      return DYNAMODB;
    case 'Kinesis_20131202':
      return headerOf(request, 'content-type') === CBOR ? KINESIS_CBOR : KINESIS_JSON;
    case 'AWSEvents':
      return EVENTS;
    case 'AmazonSSM':
      return SSM;
    default:
      return undefined;
  }
}

function decodeBody(format: Format, body: Buffer): object {
  let input: unknown;
  try {
    input = body.length === 0 ? {} : format.decode(body);
  } catch {
    throw malformed(`the body is not ${format.contentType}`);
  }
  if (typeof input !== 'object' || input === null) throw malformed('the body is not a structure');
  return input;
}

function answerRefusal(format: Format, refusal: ServiceError): WireAnswer {
  const { code, message, statusCode, fields } = refusal;
  const body = format.encode('', { __type: `${format.errorPrefix}${code}`, message, ...fields });
  return answerOf(format, statusCode, body);
}

function answerOf(format: Format, statusCode: number, body: string | Uint8Array): WireAnswer {
  const headers: Record<string, string> = {
    'content-type': format.contentType,
    'x-amzn-requestid': randomUUID(),
  };
  if (format.checksum) headers['x-amz-crc32'] = String(crc32(body));
  return { statusCode, headers, body };
}
