import { ENVIRONMENT, FUNCTION_VERSION, type SinkTargets } from '../lib/contract/environment.ts';
import { EngineError } from '../lib/model/errors.ts';

type Variable = keyof typeof ENVIRONMENT;

/** A variable that the construct sets on every function; its absence is a broken deployment. */
export function required(variable: Variable): string {
  const name = ENVIRONMENT[variable];
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new EngineError(
      'invalid',
      `environment variable ${name} is not set; deploy the stack again`,
    );
  }
  return value;
}

export const sinkTargets = () => JSON.parse(required('sinkTargets')) as SinkTargets;

/** Published versions are numbers that rise with every changed deploy; unpublished code counts as 0. */
export function deployEpoch(): number {
  const version = Number(process.env[FUNCTION_VERSION]);
  return Number.isInteger(version) ? version : 0;
}

/** What to do when records left the stream unread. */
export function onGap(): 'fail' | 'warn' {
  return required('onGap') === 'warn' ? 'warn' : 'fail';
}
