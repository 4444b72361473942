import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Clients as DataClients } from '../../../localstack/demo/clients.ts';

/** Where calls go, and in whose name. */
export interface Access {
  /** `null`: the cloud itself. */
  readonly endpoint: string | null;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/** The SDK as it is. */
export interface Clients extends DataClients {
  readonly lambda: LambdaClient;
}

/** Against a given endpoint all speak HTTP/1.1, which every cloud understands. */
export function createClients({ endpoint, region, credentials }: Access): Clients {
  const options = () => ({
    region,
    credentials,
    ...(endpoint !== null && { endpoint, requestHandler: new NodeHttpHandler() }),
  });
  // A put that is repeated because its answer was lost would be two events: the naive computation
  // could not know.
  const kinesis = new KinesisClient({ ...options(), maxAttempts: 1 });
  const dynamodb = new DynamoDBClient(options());
  const s3 = new S3Client(options());
  const lambda = new LambdaClient(options());
  return {
    kinesis,
    dynamodb,
    s3,
    lambda,
    destroy: () => {
      for (const client of [kinesis, dynamodb, s3, lambda]) client.destroy();
    },
  };
}
