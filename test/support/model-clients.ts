// SDK-shaped clients that call the cloud's models in this process, so that the real adapters run
// without sockets. Every call passes a hook before it is applied and one before its answer is handed
// back: that is where a test crashes, delays or loses replies.

import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { NoSuchKey, NotFound, type S3Client } from '@aws-sdk/client-s3';
import { ServiceError, type ServiceModel } from '../../lib/cloud/service.ts';

export interface SentCall {
  readonly service: 'dynamodb' | 's3' | 'kinesis';
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface CallHooks {
  /** Throwing here means that the request never arrived. */
  readonly beforeApply: (call: SentCall) => void;
  /** Throwing here means that the request was applied and its reply was lost. */
  readonly beforeReply: (call: SentCall) => void;
}

export function createModelClients(
  models: Readonly<Record<SentCall['service'], ServiceModel>>,
  clock: { nowMs(): number },
  hooks: CallHooks,
) {
  const clientOf = (service: SentCall['service']) => ({
    async send(command: {
      readonly input: object;
      readonly constructor: { readonly name: string };
    }) {
      const operation = command.constructor.name.replace(/Command$/, '');
      const call = { service, operation, input: command.input as SentCall['input'] };
      await Promise.resolve();
      hooks.beforeApply(call);
      const answer = answerOf(models[service], call, clock.nowMs());
      hooks.beforeReply(call);
      return answer();
    },
  });
  return {
    dynamodb: clientOf('dynamodb') as unknown as DynamoDBClient,
    s3: clientOf('s3') as unknown as S3Client,
    kinesis: clientOf('kinesis') as unknown as KinesisClient,
  };
}

/** Applies the call now; what it answers, or throws, is handed out later. */
function answerOf(model: ServiceModel, call: SentCall, nowMs: number): () => object {
  try {
    const output = model.call(call.operation, call.input, { nowMs });
    return () => asSdkOutput(output as Record<string, unknown>);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return () => {
      throw asSdkError(error);
    };
  }
}

function asSdkOutput(output: Record<string, unknown>): object {
  const { Body: body } = output;
  if (body instanceof Uint8Array) {
    return { ...output, Body: { transformToByteArray: async () => body } };
  }
  const { StreamDescriptionSummary: summary, Contents: contents } = output as {
    StreamDescriptionSummary?: { StreamCreationTimestamp: number };
    Contents?: { LastModified: number }[];
  };
  if (summary !== undefined) {
    const StreamCreationTimestamp = new Date(summary.StreamCreationTimestamp);
    return { ...output, StreamDescriptionSummary: { ...summary, StreamCreationTimestamp } };
  }
  if (contents !== undefined) {
    const Contents = contents.map((object) => ({
      ...object,
      LastModified: new Date(object.LastModified),
    }));
    return { ...output, Contents };
  }
  return output;
}

function asSdkError({ code, message, fields, statusCode }: ServiceError): Error {
  const $metadata = { httpStatusCode: statusCode };
  switch (code) {
    case 'ConditionalCheckFailedException': {
      const options = { message, $metadata, ...fields };
      return new ConditionalCheckFailedException(options);
    }
    case 'NoSuchKey':
      return new NoSuchKey({ message, $metadata });
    case 'NotFound':
      return new NotFound({ message, $metadata });
    default:
      return Object.assign(new Error(message), { name: code, $metadata });
  }
}
