// Whom a request comes from. A page of any web site can make a browser post a form to 127.0.0.1, and a
// site can give its own name the address 127.0.0.1: without credentials, browsers' headers are all that
// tells them from a client of this machine.

import { encodeXmlError } from '../wire/s3/xml.ts';
import { headerOf, type WireAnswer, type WireRequest } from './message.ts';

const OWN_HOST = /^(127\.0\.0\.1|([a-z0-9.-]+\.)?localhost)(:\d+)?$/i;

/** The refusal of what a page of a web site sends; undefined when the request may be answered. */
export function refuseForeign(request: WireRequest): WireAnswer | undefined {
  const host = headerOf(request, 'host') ?? '';
  if (!OWN_HOST.test(host)) {
    return denied(`requests go to 127.0.0.1 or localhost, not to the host '${host}'`);
  }
  const origin = headerOf(request, 'origin');
  if (origin === undefined || origin === `http://${host}`) return undefined;
  return denied(`a page of ${origin} sends this: only clients outside of browsers are answered`);
}

function denied(Message: string): WireAnswer {
  const body = encodeXmlError({ Code: 'AccessDenied', Message });
  return { statusCode: 403, headers: { 'content-type': 'application/xml' }, body };
}
