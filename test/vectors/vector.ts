// The form `stream-oracle/1` of the vectors, as far as it is read here.

/** A JSON value as it stands in a row. */
export type Value = unknown;

export interface VectorFile {
  readonly format: string;
  readonly timeUnit: string;
  readonly rules: string;
  readonly vectors: readonly Vector[];
}

export interface Vector {
  readonly id: string;
  readonly class:
    | 'FINAL'
    | 'FINAL-IF-FINER'
    | 'STEP'
    | 'INTERVAL'
    | 'WATERMARK'
    | 'REJECT'
    | 'RULE';
  readonly batching?: string;
  readonly slowWatermarkOk?: boolean;
  readonly ordered?: boolean;
  readonly keyColumns?: number;
  readonly semantics: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
  readonly final?: { readonly meaning: string; readonly rows: readonly Value[] };
  readonly finalAfterFlush?: readonly Value[];
  readonly expect?: Readonly<Record<string, unknown>>;
  readonly expectError?: { readonly category: string; readonly [name: string]: unknown };
}

/** Records of one step: of the one source, or by source. */
export type Input = readonly Value[] | Readonly<Record<string, readonly Value[]>>;

export interface Step {
  readonly input?: Input;
  readonly expectOutput?: readonly Value[];
  readonly ordered?: boolean;
  readonly expectWatermark?: number;
  readonly expectWatermarkDuringBatch?: number;
  readonly expectStateRows?: number | readonly number[];
  readonly expectDroppedLate?: number | readonly number[];
  readonly expectLate?: number | readonly Value[];
  readonly expectDuplicates?: number;
  readonly expectState?: readonly Value[];
  readonly expectLeftState?: number | readonly Value[];
  readonly expectRightState?: number | readonly Value[];
  readonly expectBatchId?: number;
  readonly expectEventTimeStats?: Readonly<Record<'min' | 'max' | 'avg', number>>;
  readonly advanceWatermark?: number;
  readonly advanceProcessingTime?: number;
  readonly replayOfStep?: number;
  readonly restart?: boolean;
  readonly snapshotRestoreBefore?: boolean;
  /** Prose, of which the result says everything. */
  readonly expectNote?: string;
  readonly fault?: string;
  readonly change?: string;
  readonly perSourceWatermarkLost?: boolean;
}

/** Everything that a step may say; another word is a construct that is not known. */
export const STEP_WORDS: ReadonlySet<string> = new Set<keyof Step>([
  'input',
  'expectOutput',
  'ordered',
  'expectWatermark',
  'expectWatermarkDuringBatch',
  'expectStateRows',
  'expectDroppedLate',
  'expectLate',
  'expectDuplicates',
  'expectState',
  'expectLeftState',
  'expectRightState',
  'expectBatchId',
  'expectEventTimeStats',
  'advanceWatermark',
  'advanceProcessingTime',
  'replayOfStep',
  'restart',
  'snapshotRestoreBefore',
  'expectNote',
  'fault',
  'change',
  'perSourceWatermarkLost',
]);

/** Fails for what is not known here, so that nothing of a vector is passed over. */
export function unknown(what: string, value: unknown): never {
  throw new Error(`the adapter does not know ${what}: ${JSON.stringify(value)}`);
}

/** Fails for a word of an object that is not among those known. */
export function onlyKnown(what: string, value: object, known: readonly string[]): void {
  for (const word of Object.keys(value)) {
    if (!known.includes(word)) unknown(`'${word}' of ${what}`, value);
  }
}
