import { randomBytes } from 'node:crypto';

const SUFFIX_LENGTH = 12;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/**
 * A name for a resource that has none: `stack-logicalId-SUFFIX`, shortened from the middle parts. The
 * suffix is chance, so that a stack made anew, or a resource that replaces another, never takes over
 * what an older one left behind.
 */
export function inventName(resource: {
  readonly stackName: string;
  readonly logicalId: string;
  readonly lengthMax: number;
  readonly lowerCase: boolean;
}): string {
  const { stackName, logicalId, lengthMax, lowerCase } = resource;
  const room = lengthMax - SUFFIX_LENGTH - 2;
  const stackPart = stackName.slice(0, Math.max(room - logicalId.length, Math.ceil(room / 2)));
  const logicalPart = logicalId.slice(0, room - stackPart.length);
  const name = `${stackPart}-${logicalPart}-${inventSuffix()}`;
  return lowerCase ? name.toLowerCase() : name;
}

function inventSuffix(): string {
  return Array.from(randomBytes(SUFFIX_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join(
    '',
  );
}
