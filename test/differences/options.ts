import { parseArgs } from 'node:util';
import { CLOUDS, type CloudId } from './clouds.ts';

export const USAGE = `usage: npm run differences -- [--check] [--endpoint CLOUD=URL]...

Runs the conformance suite on clouds that others wrote and writes what they do differently from the
documented services into the table of localstack/README.md. Each cloud is installed and started, unless
an endpoint is given for it. All of them at once take some five minutes.

  --check               write nothing; fail when the table is not what the run shows
  --endpoint CLOUD=URL  one that is up already; CLOUD is ${CLOUDS.map(({ id }) => id).join(', ')}
  --help                this text

Exit code: 0 when the table is written or right, 1 when it is not or a cloud failed, 2 for a wrong option.
`;

export interface Options {
  readonly check: boolean;
  readonly help: boolean;
  readonly endpoints: ReadonlyMap<CloudId, string>;
}

/** The options, or the sentence that says what is wrong with them. */
export function parseOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        check: { type: 'boolean', default: false },
        endpoint: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', default: false },
      },
    });
    const endpoints = new Map<CloudId, string>();
    for (const given of values.endpoint) {
      const [name, url = ''] = given.split(/=(.*)/);
      const cloud = CLOUDS.find(({ id }) => id === name);
      if (cloud === undefined || !URL.canParse(url)) {
        return `--endpoint ${given} must be CLOUD=URL, as in ${CLOUDS[0]!.id}=http://127.0.0.1:4566`;
      }
      endpoints.set(cloud.id, url);
    }
    return { check: values.check, help: values.help, endpoints };
  } catch (error) {
    return (error as Error).message;
  }
}
