// What the conformance suite runs against: the endpoint that AWS_ENDPOINT_URL names, or the embedded
// cloud started for it. Clients are the SDK's own, unmodified.

import { randomBytes } from 'node:crypto';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { startEmbeddedCloud } from '../../localstack/embedded/embedded-cloud.ts';

/** How a client speaks HTTP: as the SDK does by itself, or HTTP/1.1 whatever that is. */
export const HANDLERS = ['default', 'http/1.1'] as const;

type Handler = (typeof HANDLERS)[number];

/** Options that every client of the SDK takes. */
interface ClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly requestHandler?: NodeHttpHandler;
}

export interface Target {
  readonly endpoint: string;
  options(handler: Handler): ClientOptions;
  stop(): Promise<void>;
}

/** Opens the target of this run; `rates` are switched on in the embedded cloud. */
export async function openTarget(): Promise<Target> {
  const given = process.env['AWS_ENDPOINT_URL'];
  if (given !== undefined) return targetAt(given, async () => undefined);
  const cloud = await startEmbeddedCloud({ port: 0, rates: true });
  return targetAt(cloud.endpoint, () => cloud.stop());
}

/** A name that no other run uses; tables and buckets both allow it. */
export function freshName(purpose: string): string {
  return `rivulet-${purpose}-${randomBytes(5).toString('hex')}`;
}

/** The name of the SDK's error that `sent` ends in, with what else it carries. */
export async function refusalOf(
  sent: Promise<unknown>,
): Promise<{ readonly name: string; readonly status: number | undefined; readonly error: Error }> {
  try {
    await sent;
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, status: $metadata?.httpStatusCode, error: error as Error };
  }
  throw new Error('the request was not refused');
}

/** What `sent` answers; an endpoint that stays silent for so many seconds has failed. */
export async function answerIn<Answer>(seconds: number, sent: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    const ended = new Error(`no answer in ${seconds} s`);
    timer = setTimeout(() => reject(ended), seconds * 1_000);
  });
  return Promise.race([sent, silence]).finally(() => clearTimeout(timer));
}

/** How many of the requests succeeded, and the names of the errors of the others. */
export async function outcomesOf(
  requests: readonly Promise<unknown>[],
): Promise<{ readonly won: number; readonly refused: readonly string[] }> {
  const outcomes = await Promise.allSettled(requests);
  const refused = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [(outcome.reason as Error).name] : [],
  );
  return { won: outcomes.length - refused.length, refused: [...new Set(refused)] };
}

function targetAt(endpoint: string, stop: () => Promise<void>): Target {
  return {
    endpoint,
    stop,
    options: (handler) => ({
      endpoint,
      region: process.env['AWS_REGION'] ?? 'us-east-1',
      credentials: {
        accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? 'test',
        secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? 'test',
      },
      ...(handler === 'default' ? {} : { requestHandler: new NodeHttpHandler() }),
    }),
  };
}
