// DynamoDB's JSON 1.0. Blobs occur only inside attribute values, where the member names say what they
// are: an object whose `B` is a string is a binary value, for an attribute called `B` has an object
// there. So no schema is needed, and a body without such a name is not walked at all.

import { base64Of, rebuild } from './rebuild.ts';

const BLOB_NAMES = /"B(S)?"/;
const TIME_SUFFIX = 'DateTime';

/** Parses a request body into the SDK's input shape; blobs become bytes. */
export function decodeDynamoDbInput(body: Buffer): object {
  const text = body.toString('utf8');
  const input = JSON.parse(text) as object;
  if (BLOB_NAMES.test(text)) openBlobs(input);
  return input;
}

/** Writes an output of the model; bytes become base64 and times seconds. */
export function encodeDynamoDbOutput(operation: string, output: object): string {
  const times = namesTimes(operation);
  if (!times && !holdsBytes(output)) return JSON.stringify(output);
  return JSON.stringify(
    rebuild(output, (name, value) => {
      if (value instanceof Uint8Array) return base64Of(value);
      return times && typeof value === 'number' && name.endsWith(TIME_SUFFIX)
        ? value / 1_000
        : value;
    }),
  );
}

/** Only descriptions of tables and backups carry times; items must not be searched for such names. */
function namesTimes(operation: string): boolean {
  return /Table|Backup|TimeToLive/.test(operation);
}

function openBlobs(value: object): void {
  const members = value as Record<string, unknown>;
  for (const name in members) {
    const member = members[name];
    if (name === 'B' && typeof member === 'string') members[name] = Buffer.from(member, 'base64');
    else if (name === 'BS' && Array.isArray(member)) members[name] = member.map(bytesOfText);
    else if (typeof member === 'object' && member !== null) openBlobs(member);
  }
}

function bytesOfText(text: unknown): unknown {
  return typeof text === 'string' ? Buffer.from(text, 'base64') : text;
}

function holdsBytes(value: object): boolean {
  if (value instanceof Uint8Array) return true;
  const members = value as Record<string, unknown>;
  for (const name in members) {
    const member = members[name];
    if (typeof member === 'object' && member !== null && holdsBytes(member)) return true;
  }
  return false;
}
