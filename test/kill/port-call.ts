// Which call of which port a request of a sandbox is. The proxy sees HTTP only; what the engine wanted
// with it is told by the operation, the table and the object's key.

/** Calls of the ports in lib/ports that a running pipeline makes. */
export const PORT_METHODS = [
  'commits.append',
  'commits.read',
  'commits.readPointer',
  'commits.noteAttempt',
  'commits.movePointer',
  'tables.publish',
  'files.put',
  'files.copy',
  'objects.put body',
  'objects.put staged',
  'objects.put segment',
  'objects.put lineage',
  'objects.put manifest',
  'objects.get',
  'objects.list',
  'stream.describe',
  'stream.shards',
] as const;

export type PortMethod = (typeof PORT_METHODS)[number];

/** A request with its body read to the end. */
export interface ProxiedRequest {
  readonly method: string;
  /** Still percent-encoded, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** The port call that a request is; null for one that no port makes or that is too rare to wait for. */
export function portMethodOf(request: ProxiedRequest): PortMethod | null {
  const target = String(request.headers['x-amz-target'] ?? '');
  const [service = '', operation = ''] = target.split('.');
  if (service.startsWith('DynamoDB')) return tableMethodOf(operation, request.body);
  if (service.startsWith('Kinesis')) return STREAM_METHODS[operation] ?? null;
  return objectMethodOf(request);
}

const STREAM_METHODS: Readonly<Record<string, PortMethod>> = {
  DescribeStreamSummary: 'stream.describe',
  ListShards: 'stream.shards',
};

function tableMethodOf(operation: string, body: Buffer): PortMethod | null {
  const input = JSON.parse(body.toString('utf8')) as {
    readonly TableName: string;
    readonly UpdateExpression?: string;
  };
  const isLog = input.TableName.includes('CommitLog');
  switch (operation) {
    case 'PutItem':
      return isLog ? 'commits.append' : 'tables.publish';
    case 'Query':
      return 'commits.read';
    case 'GetItem':
      return 'commits.readPointer';
    case 'UpdateItem':
      return input.UpdateExpression === 'SET ptr = :to'
        ? 'commits.movePointer'
        : 'commits.noteAttempt';
    default:
      return null;
  }
}

/** The first folder of the engine's own objects tells what they are; all others are outputs. */
const PUT_METHODS: Readonly<Record<string, PortMethod>> = {
  bodies: 'objects.put body',
  staged: 'objects.put staged',
  segments: 'objects.put segment',
  lineage: 'objects.put lineage',
  manifests: 'objects.put manifest',
};

function objectMethodOf({ method, path, headers }: ProxiedRequest): PortMethod | null {
  const [, , folder = ''] = (path.split('?')[0] ?? '').split('/');
  if (method === 'PUT') {
    if (headers['x-amz-copy-source'] !== undefined) return 'files.copy';
    return PUT_METHODS[folder] ?? 'files.put';
  }
  if (method !== 'GET') return null;
  return folder === '' ? 'objects.list' : 'objects.get';
}
