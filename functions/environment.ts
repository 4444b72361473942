import {
  ENVIRONMENT,
  FUNCTION_VERSION,
  OPTIONAL_ENVIRONMENT,
  type SinkTargets,
  type TablePlaces,
} from '../lib/contract/environment.ts';
import { EngineError } from '../lib/model/errors.ts';

const NAMES = { ...ENVIRONMENT, ...OPTIONAL_ENVIRONMENT };

type Variable = keyof typeof NAMES;

/** A variable that the construct sets on every function; its absence is a broken deployment. */
export function required(variable: Variable): string {
  const value = optional(variable);
  if (value !== undefined) return value;
  throw new EngineError(
    'invalid',
    `environment variable ${NAMES[variable]} is not set; deploy the stack again`,
  );
}

/** A variable that is there only where a pipeline needs it. */
function optional(variable: Variable): string | undefined {
  const value = process.env[NAMES[variable]];
  return value === '' ? undefined : value;
}

/** ARNs of the streams that the pipeline reads, by the name of their source. */
export function streamArns(): ReadonlyMap<string, string> {
  const several = optional('sources');
  if (several !== undefined) return parseStreamArns(several);
  return new Map([[required('source'), required('streamArn')]]);
}

/** ARNs by name; `invalid` for a text that the construct did not write. */
export function parseStreamArns(text: string): ReadonlyMap<string, string> {
  const arns = parseJson(text);
  if (isRecord(arns) && Object.values(arns).every((arn) => typeof arn === 'string')) {
    return new Map(Object.entries(arns as Readonly<Record<string, string>>));
  }
  throw notWritten('sources', 'which streams the pipeline reads');
}

/** Whether all shards of all sources share one log. */
export const inOneTask = (): boolean => optional('inOneTask') === 'true';

export const tablePlaces = (): TablePlaces => parseTablePlaces(optional('staticTables') ?? '{}');

/** Places of static tables by name; `invalid` for a text that the construct did not write. */
export function parseTablePlaces(text: string): TablePlaces {
  const places = parseJson(text);
  if (isRecord(places) && Object.values(places).every(isTablePlace)) return places as TablePlaces;
  throw notWritten('staticTables', 'where tables are read');
}

export const sinkTargets = (): SinkTargets => parseSinkTargets(required('sinkTargets'));

/** Places by sink uid; `invalid` for a text that the construct did not write. */
export function parseSinkTargets(text: string): SinkTargets {
  const targets = parseJson(text);
  if (isRecord(targets) && Object.values(targets).every(isTarget)) return targets as SinkTargets;
  throw notWritten('sinkTargets', 'where sinks write');
}

const notWritten = (variable: Variable, what: string) =>
  new EngineError(
    'invalid',
    `environment variable ${NAMES[variable]} does not say ${what}; deploy the stack again`,
  );

function isTablePlace(place: unknown): boolean {
  if (!isRecord(place)) return false;
  const { kind, tableName, bucketName, key } = place;
  if (kind === 'dynamodb') return typeof tableName === 'string';
  return kind === 's3' && typeof bucketName === 'string' && typeof key === 'string';
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
