// S3's REST protocol: from a request to the SDK's input shape, and from the output shape to an answer.

import { randomUUID } from 'node:crypto';
import { ServiceError } from '../../../../lib/cloud/service.ts';
import { headerOf, type WireAnswer, type WireRequest } from '../../http/message.ts';
import { type CallService, refusalOf } from '../refusal.ts';
import { type AnswerParts, encodeAnswer } from './answer.ts';
import { decodeInput } from './input.ts';
import { RESPONSE_OVERRIDES } from './members.ts';
import { operationOf, type S3Request } from './operation.ts';
import { encodeXmlError } from './xml.ts';

/** Hosts that stand for the service; anything before them is a bucket. */
const SERVICE_HOST =
  /^(?:(.+)\.)?(?:127\.0\.0\.1|localhost|localhost\.localstack\.cloud)(?::\d+)?$/;

/** Answers any request that is not another service's. */
export function answerS3(request: WireRequest, call: CallService): WireAnswer {
  try {
    const target = targetOf(request);
    const operation = operationOf(target);
    const input = decodeInput({ operation, target, request });
    const parts = encodeAnswer(operation, call('s3', operation, input) as AnswerParts);
    return withCommonHeaders(overridden(parts, target.query));
  } catch (error) {
    return withCommonHeaders(refusalAnswer(request, refusalOf(error)));
  }
}

function targetOf(request: WireRequest): S3Request {
  const query = parametersOf(request.query);
  const virtualHost = SERVICE_HOST.exec(headerOf(request, 'host') ?? '')?.[1];
  const path = request.path.slice(1);
  const slash = path.indexOf('/');
  const bucket = virtualHost ?? decoded(slash < 0 ? path : path.slice(0, slash));
  const key = decoded(virtualHost !== undefined ? path : slash < 0 ? '' : path.slice(slash + 1));
  return {
    method: request.method,
    bucket: bucket === '' ? undefined : bucket,
    key: key === '' ? undefined : key,
    query,
    copies: headerOf(request, 'x-amz-copy-source') !== undefined,
  };
}

function parametersOf(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? '' : part.slice(equals + 1);
    parameters.set(decoded(name), decoded(value.replaceAll('+', '%20')));
  }
  return parameters;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ServiceError('InvalidURI', "Couldn't parse the specified URI.");
  }
}

function overridden(answer: WireAnswer, query: ReadonlyMap<string, string>): WireAnswer {
  const headers = { ...answer.headers };
  for (const [parameter, header] of Object.entries(RESPONSE_OVERRIDES)) {
    const value = query.get(parameter);
    if (value !== undefined) headers[header] = value;
  }
  return { ...answer, headers };
}

function refusalAnswer(request: WireRequest, refusal: ServiceError): WireAnswer {
  const { code, message, statusCode, fields } = refusal;
  const document = { Code: code, Message: message, Resource: request.path, ...fields };
  return {
    statusCode,
    headers: { 'content-type': 'application/xml' },
    body: statusCode === 304 ? '' : encodeXmlError(document),
  };
}

function withCommonHeaders(answer: WireAnswer): WireAnswer {
  return { ...answer, headers: { 'x-amz-request-id': randomUUID(), ...answer.headers } };
}
