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

export const sinkTargets = (): SinkTargets => parseSinkTargets(required('sinkTargets'));

/** Places by sink uid; `invalid` for a text that the construct did not write. */
export function parseSinkTargets(text: string): SinkTargets {
  const targets = parseJson(text);
  if (isRecord(targets) && Object.values(targets).every(isTarget)) return targets as SinkTargets;
  throw new EngineError(
    'invalid',
    `environment variable ${ENVIRONMENT.sinkTargets} does not say where sinks write; deploy the stack again`,
  );
}

function isTarget(target: unknown): boolean {
  if (!isRecord(target)) return false;
  const { kind, tableName, bucketName, prefix } = target;
  if (kind === 'dynamodb') return typeof tableName === 'string';
  return kind === 's3' && typeof bucketName === 'string' && typeof prefix === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `undefined`, which no JSON means, for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Published versions are numbers that rise with every changed deploy; unpublished code counts as 0. */
export function deployEpoch(): number {
  const version = Number(process.env[FUNCTION_VERSION]);
  return Number.isInteger(version) ? version : 0;
}

/** What to do when records left the stream unread. */
export function onGap(): 'fail' | 'warn' {
  return required('onGap') === 'warn' ? 'warn' : 'fail';
}
