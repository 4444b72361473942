// The few calls to services whose clients the project does not have, signed as AWS asks for (Signature
// Version 4): who the caller is, what a stack consists of, and what a destroyed one left.

import { createHash, createHmac } from 'node:crypto';
import { XMLParser } from 'fast-xml-parser';
import type { Access } from './clients.ts';

/** A service whose answers are XML, by the version of its interface. */
const QUERY_VERSIONS = {
  cloudformation: '2010-05-15',
  iam: '2010-05-08',
  sts: '2011-06-15',
} as const;
const TARGETS = { events: 'AWSEvents', logs: 'Logs_20140328' } as const;
/** Where services live that have one endpoint for all regions. */
const GLOBAL_REGION = 'us-east-1';

type Parameters = Readonly<Record<string, string>>;

/** A call that the service refused, by the name of its error. */
export class RefusedCall extends Error {
  override readonly name = 'RefusedCall';
  readonly code: string;

  constructor(code: string, what: string) {
    super(what);
    this.code = code;
  }
}

export interface SignedCalls {
  /** The result of an action as the XML says it, below `…Result`. */
  query(
    service: keyof typeof QUERY_VERSIONS,
    action: string,
    parameters?: Parameters,
  ): Promise<Readonly<Record<string, unknown>>>;
  json(
    service: keyof typeof TARGETS,
    action: string,
    parameters: Parameters,
  ): Promise<Readonly<Record<string, unknown>>>;
}

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  isArray: (name) => name === 'member',
});

export function createSignedCalls(access: Access): SignedCalls {
  const post = async (service: string, headers: Parameters, body: string) => {
    const isGlobal = service === 'iam';
    const region = isGlobal ? GLOBAL_REGION : access.region;
    const host = isGlobal ? 'iam.amazonaws.com' : `${service}.${region}.amazonaws.com`;
    const url = new URL(access.endpoint ?? `https://${host}`);
    const signed = sign(access, { service, region, url, headers, body });
    const answer = await fetch(url, { method: 'POST', headers: signed, body });
    return { ok: answer.ok, status: answer.status, text: await answer.text() };
  };

  return {
    async query(service, action, parameters = {}) {
      const body = new URLSearchParams({
        Action: action,
        Version: QUERY_VERSIONS[service],
        ...parameters,
      }).toString();
      const type = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
      const { ok, status, text } = await post(service, type, body);
      const parsed = parser.parse(text);
      if (!ok) {
        const { Code = String(status), Message = text } =
          (parsed.ErrorResponse ?? parsed.Response?.Errors)?.Error ?? {};
        throw new RefusedCall(String(Code), `${service} ${action}: ${Message}`);
      }
      return parsed[`${action}Response`]?.[`${action}Result`] ?? {};
    },

    async json(service, action, parameters) {
      const headers = {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${TARGETS[service]}.${action}`,
      };
      const { ok, status, text } = await post(service, headers, JSON.stringify(parameters));
      const parsed = text === '' ? {} : JSON.parse(text);
      if (!ok) {
        const code = String(parsed.__type ?? status)
          .split('#')
          .at(-1)!;
        throw new RefusedCall(code, `${service} ${action}: ${parsed.message ?? text}`);
      }
      return parsed;
    },
  };
}

/** The headers of a POST to `/` with the one that proves who sends it. */
function sign(
  { credentials }: Access,
  request: {
    readonly service: string;
    readonly region: string;
    readonly url: URL;
    readonly headers: Parameters;
    readonly body: string;
  },
): Parameters {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const { service, region, url, body } = request;
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const headers: Parameters = {
    ...request.headers,
    'x-amz-date': time,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  const signed = Object.entries({ ...headers, host: url.host }).sort(([one], [other]) =>
    one < other ? -1 : 1,
  );
  const names = signed.map(([name]) => name).join(';');
  const lines = signed.map(([name, value]) => `${name}:${value}\n`).join('');
  const canonical = ['POST', '/', '', lines, names, digestOf(body)].join('\n');
  const scope = [time.slice(0, 8), region, service, 'aws4_request'];
  const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), digestOf(canonical)].join('\n');
  const key = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const credential = `${accessKeyId}/${scope.join('/')}`;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');
