// Functions, their published versions and their aliases. Code is only named and compared here: who
// runs it finds it by the version's `code`.

import { createHash } from 'node:crypto';
import { conflict, invalidParameter, notFound, settingInteger } from './refusals.ts';

type FunctionCode =
  | { readonly kind: 'zip'; readonly bytes: Uint8Array }
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string };

/** One version of a function: immutable once it is published. */
export interface FunctionVersion {
  readonly functionName: string;
  /** `$LATEST`, or a number as text. */
  readonly version: string;
  /** With the version, except for `$LATEST`. */
  readonly arn: string;
  readonly code: FunctionCode;
  readonly codeSha256: string;
  readonly codeBytes: number;
  readonly handler: string;
  readonly runtime: string;
  readonly roleArn: string;
  readonly description: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly architectures: readonly string[];
  readonly lastModifiedMs: number;
}

export interface FunctionEntry {
  latest: FunctionVersion;
  readonly versions: Map<string, FunctionVersion>;
  readonly aliases: Map<string, Alias>;
}

export interface Alias {
  readonly version: string;
  readonly description: string;
}

export interface CodeInput {
  readonly ZipFile?: Uint8Array;
  readonly S3Bucket?: string;
  readonly S3Key?: string;
}

export interface FunctionInput {
  readonly FunctionName?: string;
  readonly Runtime?: string;
  readonly Role?: string;
  readonly Handler?: string;
  readonly Description?: string;
  readonly Timeout?: number;
  readonly MemorySize?: number;
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
  readonly Architectures?: readonly string[];
  readonly Code?: CodeInput;
}

/** A function named by name or ARN, with or without an alias or version. */
export interface FunctionReference {
  readonly name: string;
  readonly qualifier: string | null;
}

/** Parses `name`, `name:qualifier`, and full or partial ARNs of either. */
export function parseFunctionReference(
  text: string | undefined,
  qualifier?: string,
): FunctionReference {
  const match =
    /^(?:arn:aws:lambda:[a-z0-9-]+:)?(?:\d{12}:)?(?:function:)?([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/.exec(
      text ?? '',
    );
  if (match === null) throw invalidParameter(`'${text}' does not name a function.`);
  const inName = match[2] ?? null;
  if (inName !== null && qualifier !== undefined && inName !== qualifier) {
    throw invalidParameter(`The qualifier of ${text} and ${qualifier} differ.`);
  }
  return { name: match[1]!, qualifier: inName ?? qualifier ?? null };
}

/** The version that a reference stands for; throws ResourceNotFoundException. */
export function resolveVersion(
  functions: ReadonlyMap<string, FunctionEntry>,
  reference: FunctionReference,
): FunctionVersion {
  const entry = functions.get(reference.name);
  if (entry === undefined) throw notFound(`Function not found: ${reference.name}`);
  const { qualifier } = reference;
  if (qualifier === null || qualifier === '$LATEST') return entry.latest;
  const version = entry.versions.get(entry.aliases.get(qualifier)?.version ?? qualifier);
  if (version !== undefined) return version;
  throw notFound(`Function not found: ${entry.latest.arn}:${qualifier}`);
}

/** A first or changed `$LATEST`: what the input leaves out stays, or has Lambda's default. */
export function configure(
  input: FunctionInput,
  base: Pick<FunctionVersion, 'functionName' | 'arn' | 'code' | 'codeSha256' | 'codeBytes'> &
    Partial<FunctionVersion>,
  nowMs: number,
): FunctionVersion {
  const roleArn = input.Role ?? base.roleArn;
  if (roleArn === undefined) throw invalidParameter('Role must not be empty.');
  return {
    functionName: base.functionName,
    version: '$LATEST',
    arn: base.arn,
    code: base.code,
    codeSha256: base.codeSha256,
    codeBytes: base.codeBytes,
    handler: input.Handler ?? base.handler ?? 'index.handler',
    runtime: input.Runtime ?? base.runtime ?? 'nodejs22.x',
    roleArn,
    description: input.Description ?? base.description ?? '',
    environment: { ...(input.Environment?.Variables ?? base.environment) },
    timeoutSeconds: settingInteger(input.Timeout, 'Timeout', {
      min: 1,
      max: 900,
      fallback: base.timeoutSeconds ?? 3,
    }),
    memoryMb: settingInteger(input.MemorySize, 'MemorySize', {
      min: 128,
      max: 10_240,
      fallback: base.memoryMb ?? 128,
    }),
    architectures: [...(input.Architectures ?? base.architectures ?? ['x86_64'])],
    lastModifiedMs: nowMs,
  };
}

/** The code of a request with its digest; code in a bucket is identified by its place. */
export function codeOf(input: CodeInput | undefined) {
  if (input?.ZipFile !== undefined) {
    const bytes = new Uint8Array(input.ZipFile);
    return {
      code: { kind: 'zip', bytes } as const,
      codeSha256: createHash('sha256').update(bytes).digest('base64'),
      codeBytes: bytes.byteLength,
    };
  }
  if (input?.S3Bucket !== undefined && input.S3Key !== undefined) {
    const place = `${input.S3Bucket}/${input.S3Key}`;
    return {
      code: { kind: 's3', bucket: input.S3Bucket, key: input.S3Key } as const,
      codeSha256: createHash('sha256').update(place).digest('base64'),
      codeBytes: 0,
    };
  }
  throw invalidParameter('Please provide a source for function code.');
}

/**
 * Publishes `$LATEST`: a number above every one this function's name ever had, or the last one
 * again if nothing has changed since. A roll-back to older code differs from the last, so it rises too.
 */
export function publish(
  entry: FunctionEntry,
  lastNumber: number,
  input: { readonly description?: string | undefined; readonly nowMs: number },
): FunctionVersion {
  const last = entry.versions.get(String(lastNumber));
  if (last !== undefined && sameContent(last, entry.latest)) return last;
  const version = String(lastNumber + 1);
  const published = {
    ...entry.latest,
    version,
    arn: `${entry.latest.arn}:${version}`,
    description: input.description ?? entry.latest.description,
    lastModifiedMs: input.nowMs,
  };
  entry.versions.set(version, published);
  return published;
}

export function presentFunction(version: FunctionVersion): object {
  return {
    FunctionName: version.functionName,
    FunctionArn: version.arn,
    Runtime: version.runtime,
    Role: version.roleArn,
    Handler: version.handler,
    CodeSize: version.codeBytes,
    Description: version.description,
    Timeout: version.timeoutSeconds,
    MemorySize: version.memoryMb,
    LastModified: new Date(version.lastModifiedMs).toISOString().replace('Z', '+0000'),
    CodeSha256: version.codeSha256,
    Version: version.version,
    Environment: { Variables: { ...version.environment } },
    TracingConfig: { Mode: 'PassThrough' },
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: [...version.architectures],
    EphemeralStorage: { Size: 512 },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${version.functionName}` },
  };
}

export function presentAlias(entry: FunctionEntry, name: string): object {
  const alias = entry.aliases.get(name);
  if (alias === undefined) throw notFound(`Cannot find alias arn: ${entry.latest.arn}:${name}`);
  return {
    AliasArn: `${entry.latest.arn}:${name}`,
    Name: name,
    FunctionVersion: alias.version,
    Description: alias.description,
  };
}

export function assertAliasName(entry: FunctionEntry, name: string): void {
  if (!/^(?!\d+$)[a-zA-Z0-9-_]{1,128}$/.test(name)) {
    throw invalidParameter(`'${name}' is not an alias name.`);
  }
  if (!entry.aliases.has(name)) return;
  throw conflict(`Alias already exists: ${entry.latest.arn}:${name}`);
}

function sameContent(left: FunctionVersion, right: FunctionVersion): boolean {
  const content = (version: FunctionVersion) =>
    JSON.stringify([
      version.codeSha256,
      version.handler,
      version.runtime,
      version.roleArn,
      Object.entries(version.environment).sort(),
      version.timeoutSeconds,
      version.memoryMb,
      version.architectures,
    ]);
  return content(left) === content(right);
}
