// The Query protocol, which CloudFormation, IAM and STS speak: a form in, XML out.

import { randomUUID } from 'node:crypto';
import { ServiceError } from '../../../../lib/cloud/service.ts';
import type { WireAnswer, WireRequest } from '../../http/message.ts';
import { type CallService, refusalOf } from '../refusal.ts';
import { escapeXml } from '../s3/xml.ts';
import { decodeForm } from './form.ts';

const NAMESPACES: Readonly<Record<string, string>> = {
  cloudformation: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
  iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
};
/** Services by the version of their API, for requests that are signed for none. */
const SERVICES_BY_VERSION: Readonly<Record<string, string>> = {
  '2010-05-08': 'iam',
  '2010-05-15': 'cloudformation',
  '2011-06-15': 'sts',
};

/** Answers one call; an action that is not offered is refused by its name. */
export function answerQuery(request: WireRequest, call: CallService): WireAnswer {
  try {
    const form = new URLSearchParams(request.body.toString('utf8'));
    const action = form.get('Action') ?? '';
    const service = SERVICES_BY_VERSION[form.get('Version') ?? ''];
    if (service === undefined) {
      throw new ServiceError(
        'InvalidAction',
        `the embedded cloud does not offer ${action || 'this'} of the API ${form.get('Version')}`,
      );
    }
    const result = call(service, action, decodeForm(form));
    const body =
      `<${action}Response xmlns="${NAMESPACES[service]}">` +
      `<${action}Result>${contentOf(result)}</${action}Result>` +
      `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>` +
      `</${action}Response>`;
    return { statusCode: 200, headers: { 'content-type': 'text/xml' }, body };
  } catch (error) {
    const { code, message, statusCode } = refusalOf(error);
    const Type = statusCode < 500 ? 'Sender' : 'Receiver';
    const content = { Error: { Type, Code: code, Message: message }, RequestId: randomUUID() };
    const body = `<ErrorResponse>${contentOf(content)}</ErrorResponse>`;
    return { statusCode, headers: { 'content-type': 'text/xml' }, body };
  }
}

/** No document of XML 1.0 holds these, not even escaped: halves of surrogates among them. */
const NOT_IN_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/** Members that are undefined or null are left out. */
function contentOf(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map((item) => `<member>${contentOf(item)}</member>`).join('');
  }
  if (typeof value !== 'object' || value === null) {
    return escapeXml(String(value).replace(NOT_IN_XML, '\ufffd'));
  }
  return Object.entries(value)
    .filter(([, member]) => member !== undefined && member !== null)
    .map(([name, member]) => `<${name}>${contentOf(member)}</${name}>`)
    .join('');
}
