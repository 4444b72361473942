import type { Progress } from '../install/run-tool.ts';
import type { ProgramOptions } from '../run/program.ts';

/** A cloud that is up and answers at its endpoint. */
export interface ForeignCloud {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  /** The file that its program writes to, while it runs. */
  readonly log: string;
  /** Resolves with the last lines of its log when it ends without being asked to. */
  readonly died: Promise<string>;
  /** Ends it with every process it started and removes what it stored; may be called twice. */
  stop(): Promise<void>;
}

export interface ForeignOptions {
  /** Where it listens, on 127.0.0.1; 0 takes any free port. */
  readonly port: number;
  /** Takes one line of progress at a time. */
  readonly say: (line: string) => void;
  /** Abandons installation and start; nothing that was started is left. */
  readonly signal?: AbortSignal;
}

/** How one cloud is installed, started and known to be up. */
export interface Cloud {
  readonly name: string;
  /** Fetches what it is made of, unless that is there. */
  install(progress: Progress): Promise<void>;
  /** @param folder of the run */
  program(folder: string, port: number): Omit<ProgramOptions, 'name'>;
  /** Whether its processes are this machine's, so that where they listen can be seen. */
  readonly onHost: boolean;
  /**
   * Whether it takes requests. Asks for all that would be started at a first request, so that this
   * is checked, too, and not waited for later.
   */
  answers(endpoint: string, signal: AbortSignal): Promise<boolean>;
}

/** One call of a service with the JSON protocol, signed by name only: nobody checks it. */
export async function callJson(
  endpoint: string,
  { service, target }: { readonly service: string; readonly target: string },
  signal: AbortSignal,
): Promise<boolean> {
  const scope = `test/20200101/us-east-1/${service}/aws4_request`;
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': target,
    },
    body: '{}',
    signal,
  });
  await response.text();
  return response.ok;
}

export async function answersOk(address: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(address, { signal });
  await response.text();
  return response.ok;
}
