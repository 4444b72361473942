// The whole warm invocation of the partition task: the Lambda event as it arrives, decoding,
// operators, delta, compression, the commit through the SDK's serialiser and signer, adoption. The
// service itself answers at once.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoDbCommitLog } from '../lib/adapters/aws/dynamodb-commit-log.ts';
import { SINGLE_STAGE } from '../lib/contract/keys.ts';
import { asCommitId, asShardId } from '../lib/model/ids.ts';
import type { DeliveredRecord } from '../lib/model/record.ts';
import { isKeyed, type Plan, sourceOf } from '../lib/plan/plan.ts';
import type { ObjectPublisher, TablePublisher } from '../lib/ports/publisher.ts';
import type { SourceStream } from '../lib/ports/source-stream.ts';
import { createPartitionTask, type TaskPorts } from '../lib/runtime/partition-task.ts';
import { compilePlan } from '../lib/runtime/process-batch.ts';
import type { Case } from './measure.ts';
import { type Batches, perTenThousand, TARGETS, WHOLE_RANGE } from './operators.ts';

const SHARD = asShardId('shardId-000000000000');
const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/bench';
const NOW_MS = 1_700_000_000_000;
const DEADLINE_MS = NOW_MS + 900_000;

/** Requests of warm batches, by operation of DynamoDB. */
export type RequestCounts = ReadonlyMap<string, number>;

/** The invocation as a case, and the requests per warm batch of its last pass. */
export function invocationCase(name: string, plan: Plan, batches: Batches) {
  let perBatch: RequestCounts = new Map();
  const invocation: Case = {
    name,
    async pass() {
      const { ports, requests } = stubbedPorts(sourceOf(plan).name);
      const task = taskOf(plan, ports);
      let batchCount = 0;
      const ms = await perTenThousand(batches, async (records) => {
        await invoke(task, records);
        // The first batch is a cold start, which reads.
        if (batchCount === 0) requests.clear();
        batchCount += 1;
      });
      perBatch = new Map([...requests].map(([call, count]) => [call, count / (batchCount - 1)]));
      return ms;
    },
  };
  return { invocation, requestsPerBatch: () => perBatch };
}

async function invoke(
  task: ReturnType<typeof createPartitionTask>,
  records: readonly DeliveredRecord[],
): Promise<void> {
  const { batchItemFailures } = await task.handle(records, { deadlineMs: DEADLINE_MS });
  if (batchItemFailures.length > 0) throw new Error('a batch was not committed');
}

function taskOf(plan: Plan, ports: TaskPorts) {
  return createPartitionTask(ports, {
    identity: {
      pipeline: plan.name,
      stage: SINGLE_STAGE,
      sources: new Map([[STREAM_ARN, sourceOf(plan).name]]),
      inOneTask: plan.inOneTask,
      planHash: plan.hash,
      isKeyed: isKeyed(plan),
      codeHash: 'bench',
      deployEpoch: 1,
      ringSize: 1_024,
    },
    executable: compilePlan(plan, TARGETS),
    recordAgeMaxMs: Number.MAX_SAFE_INTEGER,
    onGap: 'warn',
  });
}

function stubbedPorts(source: string): {
  readonly ports: TaskPorts;
  readonly requests: Map<string, number>;
} {
  const requests = new Map<string, number>();
  const client = answeringClient(requests);
  let commits = 0;
  const clock = { nowMs: () => NOW_MS, abortAt: () => new AbortController().signal };
  const ports: TaskPorts = {
    commits: createDynamoDbCommitLog(client, 'log'),
    objects: {
      put: async () => {},
      get: async () => null,
      async *list() {},
      delete: async () => {},
    },
    tables: { publish: async () => {} } satisfies TablePublisher,
    files: {
      put: async () => {},
      copy: async () => true,
      exists: async () => true,
    } satisfies ObjectPublisher,
    streams: new Map([[source, oneShard()]]),
    clock,
    ids: {
      commitId() {
        commits += 1;
        return asCommitId(`commit-${String(commits).padStart(16, '0')}`);
      },
    },
    logger: { info: () => {}, warn: () => {} },
  };
  return { ports, requests };
}

function oneShard(): SourceStream {
  return {
    describe: async () => ({
      streamArn: STREAM_ARN,
      createdAtMs: 0,
      retentionMs: Number.MAX_SAFE_INTEGER,
    }),
    shards: async () => [{ shardId: SHARD, hashRange: WHOLE_RANGE, parentShardIds: [] }],
    firstAfter: async () => null,
    bytesOf: async () => null,
  };
}

/** A real client whose requests are serialised, signed, counted and answered with an empty object. */
function answeringClient(requests: Map<string, number>): DynamoDBClient {
  const empty = new TextEncoder().encode('{}');
  return new DynamoDBClient({
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    requestHandler: {
      async handle(request: { readonly headers: Record<string, string> }) {
        const operation = (request.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
        requests.set(operation, (requests.get(operation) ?? 0) + 1);
        const headers = { 'content-type': 'application/x-amz-json-1.0' };
        return { response: { statusCode: 200, headers, body: empty } };
      },
    } as never,
  });
}
