// Lambda's REST protocol: paths name the operation, JSON bodies hold the rest.

import { randomUUID } from 'node:crypto';
import { ServiceError } from '../../../lib/cloud/service.ts';
import { headerOf, type WireAnswer, type WireRequest } from '../http/message.ts';
import { type CallService, malformed, refusalOf } from './refusal.ts';

const FUNCTIONS = '/2015-03-31/functions';
const FUNCTION = `${FUNCTIONS}/(?<FunctionName>[^/]+)`;
const MAPPINGS = '/2015-03-31/event-source-mappings';
const MAPPING = `${MAPPINGS}/(?<UUID>[^/]+)`;

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly operation: string;
  readonly statusCode: number;
}

const route = (method: string, path: string, operation: string, statusCode = 200): Route => ({
  method,
  path: new RegExp(`^${path}/?$`),
  operation,
  statusCode,
});

const ROUTES: readonly Route[] = [
  route('POST', `${FUNCTION}/invocations`, 'Invoke'),
  route('GET', FUNCTIONS, 'ListFunctions'),
  route('POST', FUNCTIONS, 'CreateFunction', 201),
  route('GET', FUNCTION, 'GetFunction'),
  route('DELETE', FUNCTION, 'DeleteFunction', 204),
  route('GET', `${FUNCTION}/configuration`, 'GetFunctionConfiguration'),
  route('PUT', `${FUNCTION}/configuration`, 'UpdateFunctionConfiguration'),
  route('PUT', `${FUNCTION}/code`, 'UpdateFunctionCode'),
  route('GET', `${FUNCTION}/versions`, 'ListVersionsByFunction'),
  route('POST', `${FUNCTION}/versions`, 'PublishVersion', 201),
  route('GET', `${FUNCTION}/aliases`, 'ListAliases'),
  route('POST', `${FUNCTION}/aliases`, 'CreateAlias', 201),
  route('GET', `${FUNCTION}/aliases/(?<Name>[^/]+)`, 'GetAlias'),
  route('PUT', `${FUNCTION}/aliases/(?<Name>[^/]+)`, 'UpdateAlias'),
  route('DELETE', `${FUNCTION}/aliases/(?<Name>[^/]+)`, 'DeleteAlias', 204),
  route('GET', MAPPINGS, 'ListEventSourceMappings'),
  route('POST', MAPPINGS, 'CreateEventSourceMapping', 202),
  route('GET', MAPPING, 'GetEventSourceMapping'),
  route('PUT', MAPPING, 'UpdateEventSourceMapping', 202),
  route('DELETE', MAPPING, 'DeleteEventSourceMapping', 202),
];

/** Members whose value is a time: seconds on the wire, milliseconds in the models. */
const TIMES = ['LastModified', 'StartingPositionTimestamp'];

/** What `Invoke` hands over and gets back; `payload` is JSON. */
export interface InvokeCall {
  readonly functionName: string;
  readonly qualifier: string | undefined;
  readonly payload: string;
}
export interface InvokeResult {
  readonly payload: string;
  readonly executedVersion: string;
  readonly failed: boolean;
  /** The last lines that the function printed. */
  readonly logTail: string;
}
export type InvokeFunction = (call: InvokeCall) => Promise<InvokeResult>;

/** Answers one call of Lambda; synchronous invocations answer when the function has. */
export function answerLambda(
  request: WireRequest,
  call: CallService,
  invoke: InvokeFunction,
): WireAnswer | Promise<WireAnswer> {
  try {
    const { operation, statusCode, input } = decodeRequest(request);
    if (operation === 'Invoke') return answerInvoke(request, input, { call, invoke });
    const output = call('lambda', operation, input);
    return answerOf(statusCode, encodeOutput(output));
  } catch (error) {
    return refusalAnswer(error);
  }
}

function decodeRequest(request: WireRequest) {
  for (const { method, path, operation, statusCode } of ROUTES) {
    if (method !== request.method) continue;
    const match = path.exec(request.path);
    if (match === null) continue;
    const input: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(match.groups ?? {})) {
      input[name] = decodeURIComponent(value);
    }
    for (const [name, value] of new URLSearchParams(request.query)) {
      input[name] = name === 'MaxItems' ? Number(value) : value;
    }
    if (operation !== 'Invoke') Object.assign(input, decodeBody(request.body));
    return { operation, statusCode, input };
  }
  throw new ServiceError(
    'UnknownOperationException',
    `the embedded cloud does not offer ${request.method} ${request.path} of Lambda`,
    { statusCode: 404 },
  );
}

function decodeBody(body: Buffer): object {
  if (body.length === 0) return {};
  let members: Record<string, unknown>;
  try {
    members = JSON.parse(body.toString('utf8')) as typeof members;
  } catch {
    throw malformed('the body is not JSON');
  }
  for (const holder of [members, members['Code']] as (Record<string, unknown> | undefined)[]) {
    const zip = holder?.['ZipFile'];
    if (typeof zip === 'string') holder!['ZipFile'] = Buffer.from(zip, 'base64');
  }
  for (const name of TIMES) {
    const seconds = members[name];
    if (typeof seconds === 'number') members[name] = Math.round(seconds * 1_000);
  }
  return members;
}

async function answerInvoke(
  request: WireRequest,
  input: Record<string, unknown>,
  { call, invoke }: { readonly call: CallService; readonly invoke: InvokeFunction },
): Promise<WireAnswer> {
  try {
    const type = headerOf(request, 'x-amz-invocation-type') ?? 'RequestResponse';
    const answer = call('lambda', 'Invoke', {
      ...input,
      InvocationType: type,
      Payload: request.body,
    }) as { readonly StatusCode: number };
    if (type !== 'RequestResponse') return answerOf(answer.StatusCode, '');
    const result = await invoke({
      functionName: String(input['FunctionName']),
      qualifier: input['Qualifier'] as string | undefined,
      payload: request.body.length === 0 ? '{}' : request.body.toString('utf8'),
    });
    const headers: Record<string, string> = { 'x-amz-executed-version': result.executedVersion };
    if (result.failed) headers['x-amz-function-error'] = 'Unhandled';
    if (headerOf(request, 'x-amz-log-type') === 'Tail') {
      headers['x-amz-log-result'] = Buffer.from(result.logTail).toString('base64');
    }
    return answerOf(answer.StatusCode, result.payload, headers);
  } catch (error) {
    return refusalAnswer(error);
  }
}

function encodeOutput(output: object): string {
  return JSON.stringify(output, (name, value: unknown) =>
    typeof value === 'number' && TIMES.includes(name) ? value / 1_000 : value,
  );
}

function refusalAnswer(error: unknown): WireAnswer {
  const { code, message, statusCode, fields } = refusalOf(error);
  const body = { Type: statusCode < 500 ? 'User' : 'Server', Message: message, ...fields };
  return answerOf(statusCode, JSON.stringify(body), { 'x-amzn-errortype': code });
}

function answerOf(
  statusCode: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): WireAnswer {
  const common = { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID() };
  return { statusCode, headers: { ...common, ...headers }, body };
}
