import { createHash } from 'node:crypto';

const SUFFIX_LENGTH = 12;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/**
 * The name a resource without one gets: `stack-logicalId-SUFFIX`, shortened from the middle parts. The
 * suffix depends on stack and logical id alone, so that a stack finds its kept resources again.
 */
export function physicalNameOf(resource: {
  readonly stackName: string;
  readonly logicalId: string;
  readonly lengthMax: number;
  readonly lowerCase: boolean;
}): string {
  const { stackName, logicalId, lengthMax, lowerCase } = resource;
  const room = lengthMax - SUFFIX_LENGTH - 2;
  const stackPart = stackName.slice(0, Math.max(room - logicalId.length, Math.ceil(room / 2)));
  const logicalPart = logicalId.slice(0, room - stackPart.length);
  const name = `${stackPart}-${logicalPart}-${suffixOf(stackName, logicalId)}`;
  return lowerCase ? name.toLowerCase() : name;
}

function suffixOf(stackName: string, logicalId: string): string {
  const digest = createHash('sha256').update(`${stackName}/${logicalId}`).digest();
  return Array.from(
    digest.subarray(0, SUFFIX_LENGTH),
    (byte) => ALPHABET[byte % ALPHABET.length],
  ).join('');
}

/** A UUID that depends on its seed alone. */
export function uuidOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
