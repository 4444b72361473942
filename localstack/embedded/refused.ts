/** Something the person who started the cloud can put right; the message is one whole sentence. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** The `code` of an error of Node (`ENOENT`, `EACCES`, …), or undefined. */
export function errorCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
