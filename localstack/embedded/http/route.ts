// Which service a request is for. Clients do not say it in one place: JSON services name a target,
// others only sign for a service, and S3 is what remains.

import { headerOf, type WireRequest } from './message.ts';

export type Destination =
  | { readonly kind: 'target'; readonly prefix: string; readonly operation: string }
  | { readonly kind: 'query' }
  | { readonly kind: 'lambda' }
  | { readonly kind: 's3' };

const LAMBDA_PATH = /^\/20\d\d-\d\d-\d\d\//;

/** Decides by `x-amz-target`, then the service of the signature, then the path of unsigned requests. */
export function decideDestination(request: WireRequest): Destination {
  const target = headerOf(request, 'x-amz-target');
  if (target !== undefined) {
    const dot = target.lastIndexOf('.');
    return { kind: 'target', prefix: target.slice(0, dot), operation: target.slice(dot + 1) };
  }
  const service = signedServiceOf(request);
  if (service === 'lambda') return { kind: 'lambda' };
  if (service === 's3') return { kind: 's3' };
  const form = headerOf(request, 'content-type')?.startsWith('application/x-www-form-urlencoded');
  if (request.method === 'POST' && request.path === '/' && form) return { kind: 'query' };
  if (service === undefined && LAMBDA_PATH.test(request.path)) return { kind: 'lambda' };
  return { kind: 's3' };
}

/** The service of the credential scope: `AKID/20260102/us-east-1/SERVICE/aws4_request`. */
function signedServiceOf(request: WireRequest): string | undefined {
  const authorization = headerOf(request, 'authorization');
  const header = authorization?.match(/Credential=([^,\s]+)/)?.[1];
  const presigned = request.query.match(/(?:^|&)X-Amz-Credential=([^&]+)/i)?.[1];
  const scope = header ?? (presigned === undefined ? undefined : safeDecode(presigned));
  return scope?.split('/')[3];
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
