// What a function's answer says about its batch, when ReportBatchItemFailures is on
// ("Configuring partial batch response with Kinesis Data Streams and Lambda").

export type BatchResult =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure' }
  /** All before this place of the batch succeeded; it and what follows is to be retried. */
  | { readonly kind: 'partial'; readonly firstFailed: number };

/**
 * Reads an answer. Nothing, an empty object and an empty or missing list are success; the lowest
 * sequence number is where the retry begins; an identifier that is empty, missing or not of this
 * batch fails the batch as a whole.
 */
export function readBatchResponse(
  response: unknown,
  sequenceNumbers: readonly string[],
): BatchResult {
  if (response === null || response === undefined || response === '') return { kind: 'success' };
  if (typeof response !== 'object') return { kind: 'failure' };
  const failures = (response as { readonly batchItemFailures?: unknown }).batchItemFailures;
  if (failures === null || failures === undefined) return { kind: 'success' };
  if (!Array.isArray(failures)) return { kind: 'failure' };
  let firstFailed = sequenceNumbers.length;
  for (const failure of failures as readonly unknown[]) {
    const identifier = (failure as { readonly itemIdentifier?: unknown } | null)?.itemIdentifier;
    const place = sequenceNumbers.indexOf(identifier as string);
    if (place < 0) return { kind: 'failure' };
    firstFailed = Math.min(firstFailed, place);
  }
  if (firstFailed === sequenceNumbers.length) return { kind: 'success' };
  return { kind: 'partial', firstFailed };
}
