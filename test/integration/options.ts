import { parseArgs } from 'node:util';

export const USAGE = `usage: npm run test:integration -- [--profile NAME --account ID [--region NAME] [--yes]] [--json]

Runs the scenarios on the cloud that AWS_ENDPOINT_URL names, or on the embedded cloud if it names none: stacks are
deployed, changed and destroyed by the CDK's command line, and all that comes out is compared with a plain computation.

  --profile NAME  run in a real account, with the credentials of this profile; needs --account
  --account ID    the account that the profile has to be of, twelve digits
  --region NAME   where (default: the region of the profile)
  --yes           create, use and remove the resources that the estimate lists
  --json          one line of JSON on standard output instead of the table; everything else goes to standard error
  --help          this text

RIVULET_SCENARIOS_PROMISED=N fails a run at AWS_ENDPOINT_URL in which fewer than N scenarios are possible (default 12).

Exit code: 0 when all that ran is exact and nothing is left, 1 when not, 2 for a wrong option, 4 when an account is
refused: without --yes, or because the profile is of another one.
`;

/** A real account, named twice: by the profile and by its number. */
export interface AccountOptions {
  readonly profile: string;
  readonly account: string;
  readonly region: string | null;
  readonly agreed: boolean;
}

export interface Options {
  /** `null`: the endpoint of the environment, or the embedded cloud. */
  readonly account: AccountOptions | null;
  readonly json: boolean;
  readonly help: boolean;
}

/** The options, or the sentence that says what is wrong with them. */
export function parseOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        profile: { type: 'string' },
        account: { type: 'string' },
        region: { type: 'string' },
        yes: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { profile, account, region = null, yes: agreed, json, help } = values;
    if (profile === undefined && account === undefined) {
      if (!agreed && region === null) return { account: null, json, help };
      return '--region and --yes belong to a real account: give --profile and --account, too';
    }
    if (profile === undefined || profile === '') return 'give --profile together with --account';
    if (account === undefined) return 'give --account together with --profile';
    if (!/^\d{12}$/.test(account)) return '--account must be the twelve digits of an account';
    return { account: { profile, account, region, agreed }, json, help };
  } catch (error) {
    return (error as Error).message;
  }
}
