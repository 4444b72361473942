// The operations on functions, versions and aliases, in the SDK's shapes.

import type { CallContext } from '../service.ts';
import type { LambdaAccount } from './account.ts';
import {
  assertAliasName,
  type CodeInput,
  codeOf,
  configure,
  type FunctionEntry,
  type FunctionInput,
  type FunctionVersion,
  parseFunctionReference,
  presentAlias,
  presentFunction,
  publish,
  resolveVersion,
} from './functions.ts';
import { conflict, invalidParameter, notFound } from './refusals.ts';

interface Named {
  readonly FunctionName?: string;
  readonly Qualifier?: string;
}

export function createFunction(
  account: LambdaAccount,
  input: FunctionInput & { readonly Publish?: boolean },
  context: CallContext,
): object {
  const { name } = parseFunctionReference(input.FunctionName);
  const arn = `arn:aws:lambda:${account.region}:${account.accountId}:function:${name}`;
  if (account.functions.has(name)) throw conflict(`Function already exist: ${name}`);
  const base = { functionName: name, arn, ...codeOf(input.Code) };
  const latest = configure(input, base, context.nowMs);
  const entry = { latest, versions: new Map(), aliases: new Map() };
  account.functions.set(name, entry);
  return presentFunction(input.Publish === true ? publishNow(account, entry, context) : latest);
}

export function getFunction(account: LambdaAccount, input: Named): object {
  const version = versionOf(account, input);
  const { code } = version;
  return {
    Configuration: presentFunction(version),
    Code:
      code.kind === 's3'
        ? { RepositoryType: 'S3', Location: `s3://${code.bucket}/${code.key}` }
        : { RepositoryType: 'S3', Location: `zip:${version.codeSha256}` },
  };
}

export function getFunctionConfiguration(account: LambdaAccount, input: Named): object {
  return presentFunction(versionOf(account, input));
}

export function listFunctions(account: LambdaAccount): object {
  const names = [...account.functions.keys()].sort();
  return { Functions: names.map((name) => presentFunction(account.functions.get(name)!.latest)) };
}

export function deleteFunction(account: LambdaAccount, input: Named): object {
  const { name, qualifier } = parseFunctionReference(input.FunctionName, input.Qualifier);
  const entry = entryOf(account, name);
  if (qualifier === null) account.functions.delete(name);
  else if (!entry.versions.delete(qualifier)) {
    throw notFound(`Function not found: ${entry.latest.arn}:${qualifier}`);
  }
  return {};
}

export function updateFunctionCode(
  account: LambdaAccount,
  input: Named & CodeInput & { readonly Publish?: boolean; readonly Architectures?: string[] },
  context: CallContext,
): object {
  const entry = entryOf(account, parseFunctionReference(input.FunctionName).name);
  const changed = input.Architectures === undefined ? {} : { Architectures: input.Architectures };
  const base = { ...entry.latest, ...codeOf(input) };
  entry.latest = configure(changed, base, context.nowMs);
  return presentFunction(
    input.Publish === true ? publishNow(account, entry, context) : entry.latest,
  );
}

export function updateFunctionConfiguration(
  account: LambdaAccount,
  input: FunctionInput,
  context: CallContext,
): object {
  const entry = entryOf(account, parseFunctionReference(input.FunctionName).name);
  entry.latest = configure(input, entry.latest, context.nowMs);
  return presentFunction(entry.latest);
}

export function publishVersion(
  account: LambdaAccount,
  input: Named & { readonly Description?: string; readonly CodeSha256?: string },
  context: CallContext,
): object {
  const entry = entryOf(account, parseFunctionReference(input.FunctionName).name);
  if (input.CodeSha256 !== undefined && input.CodeSha256 !== entry.latest.codeSha256) {
    throw invalidParameter(
      `CodeSHA256 (${input.CodeSha256}) is different from current CodeSHA256 in $LATEST ` +
        `(${entry.latest.codeSha256}). Please try again with the CodeSHA256 in $LATEST.`,
    );
  }
  return presentFunction(publishNow(account, entry, context, input.Description));
}

export function listVersions(account: LambdaAccount, input: Named): object {
  const entry = entryOf(account, parseFunctionReference(input.FunctionName).name);
  return { Versions: [entry.latest, ...entry.versions.values()].map(presentFunction) };
}

export interface AliasInput extends Named {
  readonly Name?: string;
  readonly FunctionVersion?: string;
  readonly Description?: string;
}

export function createAlias(account: LambdaAccount, input: AliasInput): object {
  const { entry, name } = aliasIn(account, input);
  assertAliasName(entry, name);
  const version = existingVersion(entry, input.FunctionVersion);
  entry.aliases.set(name, { version, description: input.Description ?? '' });
  return presentAlias(entry, name);
}

export function getAlias(account: LambdaAccount, input: AliasInput): object {
  const { entry, name } = aliasIn(account, input);
  return presentAlias(entry, name);
}

export function updateAlias(account: LambdaAccount, input: AliasInput): object {
  const { entry, name } = aliasIn(account, input);
  presentAlias(entry, name);
  const current = entry.aliases.get(name)!;
  entry.aliases.set(name, {
    version: existingVersion(entry, input.FunctionVersion ?? current.version),
    description: input.Description ?? current.description,
  });
  return presentAlias(entry, name);
}

export function deleteAlias(account: LambdaAccount, input: AliasInput): object {
  const { entry, name } = aliasIn(account, input);
  entry.aliases.delete(name);
  return {};
}

export function listAliases(account: LambdaAccount, input: Named): object {
  const entry = entryOf(account, parseFunctionReference(input.FunctionName).name);
  return { Aliases: [...entry.aliases.keys()].sort().map((name) => presentAlias(entry, name)) };
}

function publishNow(
  account: LambdaAccount,
  entry: FunctionEntry,
  { nowMs }: CallContext,
  description?: string,
): FunctionVersion {
  const { functionName } = entry.latest;
  const lastNumber = account.lastVersions.get(functionName) ?? 0;
  const published = publish(entry, lastNumber, { description, nowMs });
  account.lastVersions.set(functionName, Number(published.version));
  return published;
}

function versionOf(account: LambdaAccount, input: Named): FunctionVersion {
  const reference = parseFunctionReference(input.FunctionName, input.Qualifier);
  return resolveVersion(account.functions, reference);
}

function entryOf(account: LambdaAccount, name: string): FunctionEntry {
  const entry = account.functions.get(name);
  if (entry !== undefined) return entry;
  throw notFound(
    `Function not found: arn:aws:lambda:${account.region}:${account.accountId}:function:${name}`,
  );
}

function aliasIn(account: LambdaAccount, input: AliasInput) {
  const entry = entryOf(account, parseFunctionReference(input.FunctionName).name);
  if (input.Name === undefined) throw invalidParameter('Name must not be empty.');
  return { entry, name: input.Name };
}

function existingVersion(entry: FunctionEntry, version: string | undefined): string {
  if (version !== undefined && entry.versions.has(version)) return version;
  throw notFound(`Function not found: ${entry.latest.arn}:${version}`);
}
