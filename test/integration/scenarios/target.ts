// What the suite runs against: a real account if the runner says so, the endpoint that AWS_ENDPOINT_URL
// names, or the embedded cloud, started for it. Nothing else in the suite knows which.

import { startEmbeddedCloud } from '../../../localstack/embedded/embedded-cloud.ts';
import { type Access, type Clients, createClients } from './clients.ts';
import { createSignedCalls, type SignedCalls } from './signed-calls.ts';

/** Set by the runner alone, for an account that its caller has named and agreed to. */
export const ACCOUNT_VARIABLE = 'RIVULET_SCENARIOS_ACCOUNT';
/** How many scenarios have to run on the given endpoint. */
const PROMISED_VARIABLE = 'RIVULET_SCENARIOS_PROMISED';
/** What an endpoint about which nothing is promised has to run at least. */
const PROMISED_MIN = 12;

export interface Target {
  readonly name: string;
  readonly clients: Clients;
  readonly calls: SignedCalls;
  readonly account: string;
  readonly region: string;
  /** What the CDK's command line has to know of it. */
  readonly environment: Readonly<Record<string, string>>;
  /** How many scenarios must not be skipped. */
  readonly promised: number | 'all';
  stop(): Promise<void>;
}

export async function openTarget(): Promise<Target> {
  const { [ACCOUNT_VARIABLE]: account, AWS_ENDPOINT_URL: endpoint } = process.env;
  const access = (url: string | null): Access => ({
    endpoint: url,
    region: process.env['AWS_REGION'] ?? 'us-east-1',
    credentials: {
      accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? 'test',
      secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? 'test',
      ...(process.env['AWS_SESSION_TOKEN'] !== undefined && {
        sessionToken: process.env['AWS_SESSION_TOKEN'],
      }),
    },
  });
  const stop = async () => undefined;
  if (account !== undefined && endpoint !== undefined) {
    throw new Error(`both account ${account} and ${endpoint} are named: the scenarios run on one`);
  }
  if (account !== undefined) {
    const target = await describe(access(null), {
      name: `account ${account}`,
      promised: 'all',
      stop,
    });
    if (target.account === account) return target;
    target.clients.destroy();
    throw new Error(`the credentials are of account ${target.account}, not of ${account}`);
  }
  if (endpoint !== undefined) {
    const promised = Number(process.env[PROMISED_VARIABLE] ?? PROMISED_MIN);
    if (!Number.isInteger(promised) || promised < 1) {
      throw new Error(`${PROMISED_VARIABLE} must be a number of scenarios, 1 or more`);
    }
    return describe(access(endpoint), { name: endpoint, promised, stop });
  }
  const cloud = await startEmbeddedCloud({ port: 0 });
  return describe(access(cloud.endpoint), {
    name: 'the embedded cloud',
    promised: 'all',
    stop: () => cloud.stop(),
  });
}

async function describe(
  access: Access,
  about: Pick<Target, 'name' | 'promised' | 'stop'>,
): Promise<Target> {
  const clients = createClients(access);
  const calls = createSignedCalls(access);
  const { Account } = await calls.query('sts', 'GetCallerIdentity');
  return {
    ...about,
    clients,
    calls,
    account: String(Account),
    region: access.region,
    environment: environmentOf(access),
    async stop() {
      clients.destroy();
      await about.stop();
    },
  };
}

function environmentOf({ endpoint, region, credentials }: Access): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken !== undefined && { AWS_SESSION_TOKEN: credentials.sessionToken }),
    ...(endpoint !== null && { AWS_ENDPOINT_URL: endpoint }),
  };
}
