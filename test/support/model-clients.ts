// SDK-shaped clients that call the cloud's models in this process, so that the real adapters run
// without sockets. Every call passes a hook before it is applied and one before its answer is handed
// back: that is where a test crashes, delays or loses replies.

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { S3Client } from '@aws-sdk/client-s3';
import type { ServiceModel } from '../../lib/cloud/service.ts';
import {
  answerOf,
  operationOf,
  type SentCall,
  type ServiceOfEngine,
} from '../../lib/testing/world/sdk-answers.ts';

export type { SentCall };

export interface CallHooks {
  /** Throwing here means that the request never arrived; it waits for what is returned. */
  readonly beforeApply: (call: SentCall) => void | Promise<void>;
  /** Throwing here means that the request was applied and its reply was lost. */
  readonly beforeReply: (call: SentCall) => void;
}

export function createModelClients(
  models: Readonly<Record<ServiceOfEngine, ServiceModel>>,
  clock: { nowMs(): number },
  hooks: CallHooks,
) {
  const clientOf = (service: ServiceOfEngine) => ({
    async send(command: { readonly input: object }) {
      const input = command.input as SentCall['input'];
      const call = { service, operation: operationOf(command), input };
      await Promise.resolve();
      await hooks.beforeApply(call);
      const answer = answerOf(models[service], call, clock.nowMs());
      hooks.beforeReply(call);
      if (answer.kind === 'error') throw answer.error;
      return answer.output;
    },
  });
  return {
    dynamodb: clientOf('dynamodb') as unknown as DynamoDBClient,
    s3: clientOf('s3') as unknown as S3Client,
    kinesis: clientOf('kinesis') as unknown as KinesisClient,
  };
}
