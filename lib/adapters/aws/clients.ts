import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';

export interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  readonly kinesis: KinesisClient;
}

/** Sockets per service: a little more than the publisher's concurrency. */
const SOCKETS_MAX = 50;

/**
 * One client per service. Region, credentials and a custom endpoint come from the environment as
 * the SDK reads it, so the same bundle runs in an account and on any other cloud. Three attempts with
 * jittered backoff are the SDK's standard mode; a request that hangs is cut well before a Lambda
 * deadline. HTTP/1.1 serves all three: the Kinesis client's HTTP/2 fails on larger answers of some
 * local clouds, and the task reads from Kinesis only in doubt.
 */
export function createClients(): Clients {
  const options = () => ({
    maxAttempts: 3,
    retryMode: 'standard' as const,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 2_000,
      requestTimeout: 10_000,
      httpAgent: { keepAlive: true, maxSockets: SOCKETS_MAX },
      httpsAgent: { keepAlive: true, maxSockets: SOCKETS_MAX },
    }),
  });
  return {
    dynamodb: new DynamoDBClient(options()),
    s3: new S3Client(options()),
    kinesis: new KinesisClient(options()),
  };
}
