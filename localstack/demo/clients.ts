import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';

/** The unmodified SDK; nothing but the endpoint says that this is not AWS. */
export interface Clients {
  readonly kinesis: KinesisClient;
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  destroy(): void;
}

export function createClients(endpoint: string): Clients {
  const settings = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  // A put that is repeated because its answer was lost would be two events: the naive computation
  // could not know.
  const kinesis = new KinesisClient({ ...settings, maxAttempts: 1 });
  const dynamodb = new DynamoDBClient(settings);
  const s3 = new S3Client(settings);
  return {
    kinesis,
    dynamodb,
    s3,
    destroy: () => {
      kinesis.destroy();
      dynamodb.destroy();
      s3.destroy();
    },
  };
}
