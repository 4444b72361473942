// Puts a call to the cloud's model and gives what the SDK would make of the answer: streams that can
// be read, dates, error classes. So the deployed adapters run over the model without sockets.

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { NoSuchKey, NotFound } from '@aws-sdk/client-s3';
import { ServiceError, type ServiceModel } from '../../cloud/service.ts';

export type ServiceOfEngine = 'dynamodb' | 's3' | 'kinesis';

/** One call as an SDK client sends it. */
export interface SentCall {
  readonly service: ServiceOfEngine;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What a service answered: its output in the SDK's shape, or the error that the SDK throws. */
export type SdkAnswer =
  | { readonly kind: 'output'; readonly output: object }
  | { readonly kind: 'error'; readonly error: Error };

/** The name under which a command is sent. */
export const operationOf = (command: object): string =>
  command.constructor.name.replace(/Command$/, '');

/** Applies the call now. */
export function answerOf(
  model: Pick<ServiceModel, 'call'>,
  call: SentCall,
  nowMs: number,
): SdkAnswer {
  try {
    const output = model.call(call.operation, call.input, { nowMs });
    return { kind: 'output', output: asSdkOutput(output as Record<string, unknown>) };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { kind: 'error', error: asSdkError(error) };
  }
}

/** A body as the SDK hands it out. */
export const readableBody = (bytes: Uint8Array) => ({
  transformToByteArray: () => Promise.resolve(bytes),
});

function asSdkOutput(output: Record<string, unknown>): object {
  const { Body: body } = output;
  if (body instanceof Uint8Array) return { ...output, Body: readableBody(body) };
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
