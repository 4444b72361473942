import { ServiceError } from '../../../../lib/cloud/service.ts';
import { headerOf, type WireRequest } from '../../http/message.ts';
import { decodeAwsChunked, isAwsChunked } from './aws-chunked.ts';
import { type Member, QUERY_PARAMETERS, REQUEST_HEADERS } from './members.ts';
import { BUCKET_SETTINGS, type S3Request } from './operation.ts';
import { decodeXml } from './xml.ts';

const METADATA_PREFIX = 'x-amz-meta-';

/** Operations whose body is the object itself. */
const STORES_BODY = new Set(['PutObject', 'UploadPart']);

/** Builds the SDK's input shape of one request. */
export function decodeInput(call: {
  readonly operation: string;
  readonly target: S3Request;
  readonly request: WireRequest;
}): Record<string, unknown> {
  const { operation, target, request } = call;
  const input: Record<string, unknown> = {};
  if (target.bucket !== undefined) input['Bucket'] = target.bucket;
  if (target.key !== undefined) input['Key'] = target.key;
  const { body, headers } = unframed(request);
  for (const [name, value] of target.query) {
    addMember(input, QUERY_PARAMETERS[name], value);
    // A presigned URL carries in its query what would have been headers.
    if (name.toLowerCase().startsWith('x-amz-')) addHeader(input, name.toLowerCase(), value);
  }
  for (const [name, value] of Object.entries(headers)) addHeader(input, name, value);
  if (STORES_BODY.has(operation)) input['Body'] = body;
  else addDocument(operation, input, body);
  return input;
}

/** Body and headers without the framing of streamed uploads; trailers count as headers. */
function unframed(request: WireRequest): { body: Buffer; headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  const encoding = headers['content-encoding'];
  if (!isAwsChunked(encoding, headers['x-amz-content-sha256']))
    return { body: request.body, headers };
  const length = headerOf(request, 'x-amz-decoded-content-length');
  const { body, trailers } = decodeAwsChunked(
    request.body,
    length === undefined ? undefined : Number(length),
  );
  const own = (encoding ?? '').split(',').filter((part) => part.trim() !== 'aws-chunked');
  delete headers['content-encoding'];
  if (own.join('').trim() !== '') headers['content-encoding'] = own.join(',').trim();
  return { body, headers: { ...headers, ...trailers } };
}

function addHeader(input: Record<string, unknown>, name: string, value: string): void {
  if (name.startsWith(METADATA_PREFIX)) {
    const metadata = (input['Metadata'] ?? {}) as Record<string, string>;
    input['Metadata'] = { ...metadata, [name.slice(METADATA_PREFIX.length)]: value };
  } else addMember(input, REQUEST_HEADERS[name], value);
}

function addMember(input: Record<string, unknown>, member: Member | undefined, text: string): void {
  if (member !== undefined) input[member.name] = memberValue(member, text);
}

function memberValue(member: Member, text: string): unknown {
  switch (member.kind) {
    case 'text':
      return text;
    case 'boolean':
      return text.toLowerCase() === 'true';
    case 'time':
      return Date.parse(text);
    case 'number':
      if (!/^-?\d+$/.test(text)) {
        throw new ServiceError('InvalidArgument', `Provided ${member.name} not an integer`);
      }
      return Number(text);
  }
}

function addDocument(operation: string, input: Record<string, unknown>, body: Buffer): void {
  switch (operation) {
    case 'DeleteObjects': {
      const { Objects, Quiet } = decodeXml(body, 'Delete');
      input['Delete'] = { Objects: Objects ?? [], Quiet: Quiet === 'true' };
      return;
    }
    case 'CompleteMultipartUpload':
      input['MultipartUpload'] = { Parts: partsOf(body) };
      return;
    case 'CreateBucket':
      if (body.length > 0) {
        input['CreateBucketConfiguration'] = decodeXml(body, 'CreateBucketConfiguration');
      }
      return;
    case 'PutBucketPolicy':
      input['Policy'] = body.toString('utf8');
      return;
    case 'PutObjectTagging':
      input['Tagging'] = decodeXml(body, 'Tagging');
      return;
    default: {
      const setting = Object.values(BUCKET_SETTINGS).find(
        (one) => operation === `Put${one.operation}`,
      );
      if (setting !== undefined) input[setting.root] = decodeXml(body, setting.root);
    }
  }
}

function partsOf(body: Buffer): object[] {
  const { Parts } = decodeXml(body, 'CompleteMultipartUpload');
  return ((Parts ?? []) as Readonly<Record<string, string>>[]).map((part) => ({
    ...part,
    PartNumber: Number(part['PartNumber']),
  }));
}
