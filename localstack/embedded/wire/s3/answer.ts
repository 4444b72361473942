import type { WireAnswer } from '../../http/message.ts';
import { RESPONSE_HEADERS } from './members.ts';
import { BUCKET_SETTINGS } from './operation.ts';
import { encodeXml } from './xml.ts';

/** An output in the SDK's shape. */
export type AnswerParts = Readonly<Record<string, unknown>>;

const METADATA_PREFIX = 'x-amz-meta-';

/** Answers whose whole output is a document. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  DeleteObjects: 'DeleteResult',
  GetObjectTagging: 'Tagging',
  ListBuckets: 'ListAllMyBucketsResult',
  ListMultipartUploads: 'ListMultipartUploadsResult',
  ListObjects: 'ListBucketResult',
  ListObjectsV2: 'ListBucketResult',
  ListObjectVersions: 'ListVersionsResult',
  ListParts: 'ListPartsResult',
};

/** Answers that are part document and part headers: the members of the document. */
const MIXED: Readonly<Record<string, { root: string; members: readonly string[] }>> = {
  CompleteMultipartUpload: {
    root: 'CompleteMultipartUploadResult',
    members: [
      'Location',
      'Bucket',
      'Key',
      'ETag',
      'ChecksumCRC32',
      'ChecksumCRC32C',
      'ChecksumCRC64NVME',
      'ChecksumSHA1',
      'ChecksumSHA256',
      'ChecksumType',
    ],
  },
  CreateMultipartUpload: {
    root: 'InitiateMultipartUploadResult',
    members: ['Bucket', 'Key', 'UploadId'],
  },
  GetObjectAttributes: {
    root: 'GetObjectAttributesResponse',
    members: ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'],
  },
};

/** Answers whose document is one member. */
const NESTED: Readonly<Record<string, string>> = {
  CopyObject: 'CopyObjectResult',
  UploadPartCopy: 'CopyPartResult',
};

/** Writes one output. */
export function encodeAnswer(operation: string, output: AnswerParts): WireAnswer {
  const document = documentOf(operation, output);
  if (document !== undefined) {
    const headers = headersOf(document.rest);
    return {
      statusCode: 200,
      headers: { ...headers, 'content-type': document.contentType ?? 'application/xml' },
      body: document.body,
    };
  }
  const bytes = output['Body'];
  const statusCode = output['ContentRange'] !== undefined ? 206 : emptyStatus(operation);
  const headers = headersOf(output);
  if (operation !== 'HeadObject') delete headers['content-length'];
  return { statusCode, headers, body: bytes instanceof Uint8Array ? bytes : '' };
}

function emptyStatus(operation: string): number {
  return /^(Delete|Abort)/.test(operation) || operation === 'PutBucketPolicy' ? 204 : 200;
}

interface Document {
  readonly body: string;
  readonly contentType?: string;
  /** Members that go into headers. */
  readonly rest: AnswerParts;
}

function documentOf(operation: string, output: AnswerParts): Document | undefined {
  const whole = DOCUMENTS[operation];
  if (whole !== undefined) return { body: encodeXml(whole, output), rest: {} };
  const mixed = MIXED[operation];
  if (mixed !== undefined) {
    const entries = Object.entries(output);
    const inside = entries.filter(([name]) => mixed.members.includes(name));
    const outside = entries.filter(([name]) => !mixed.members.includes(name));
    return {
      body: encodeXml(mixed.root, Object.fromEntries(inside)),
      rest: Object.fromEntries(outside),
    };
  }
  const nested = NESTED[operation];
  if (nested !== undefined) {
    const { [nested]: result, ...rest } = output;
    return { body: encodeXml(nested, (result ?? {}) as object), rest };
  }
  return settingDocument(operation, output);
}

function settingDocument(operation: string, output: AnswerParts): Document | undefined {
  if (operation === 'GetBucketPolicy') {
    return { body: String(output['Policy']), contentType: 'application/json', rest: {} };
  }
  if (operation === 'GetBucketLocation') {
    const region = output['LocationConstraint'];
    return { body: encodeXml('LocationConstraint', String(region ?? '')), rest: {} };
  }
  const setting = Object.values(BUCKET_SETTINGS).find((one) => operation === `Get${one.operation}`);
  if (setting === undefined) return undefined;
  const content = (output[setting.root] ?? output) as object;
  return { body: encodeXml(setting.root, content), rest: {} };
}

function headersOf(output: AnswerParts): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [header, { name, kind }] of Object.entries(RESPONSE_HEADERS)) {
    const value = output[name];
    if (value === undefined || value === null) continue;
    headers[header] = kind === 'time' ? new Date(Number(value)).toUTCString() : String(value);
  }
  for (const [name, value] of Object.entries((output['Metadata'] ?? {}) as object)) {
    headers[METADATA_PREFIX + name] = headerText(String(value));
  }
  return headers;
}

/** Header values are ASCII; the service writes anything else as RFC 2047 says. */
function headerText(text: string): string {
  return /^[\t\x20-\x7e]*$/.test(text)
    ? text
    : `=?UTF-8?B?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}
