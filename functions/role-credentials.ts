import { EngineError } from '../lib/model/errors.ts';

/** The credentials of a function's role, as Lambda hands them to every sandbox. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * Takes the place of the SDK's search for credentials when functions are bundled: profiles, single
 * sign-on and instance metadata do not exist in Lambda, and are a fifth of the code to load at a
 * cold start. The name is the one by which the SDK imports it.
 */
export const defaultProvider = () => async (): Promise<RoleCredentials> => {
  const sessionToken = process.env['AWS_SESSION_TOKEN'];
  return {
    accessKeyId: given('AWS_ACCESS_KEY_ID'),
    secretAccessKey: given('AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken !== undefined && { sessionToken }),
  };
};

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new EngineError('invalid', `environment variable ${name} is not set; Lambda sets it`);
  }
  return value;
}
