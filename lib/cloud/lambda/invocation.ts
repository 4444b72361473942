// How the model and whoever runs functions talk: the model says what to invoke, the runner says how
// it ended. Nothing here waits or runs anything.

/** Why a function is invoked. */
export type Trigger =
  | {
      readonly kind: 'stream';
      readonly mappingId: string;
      readonly streamArn: string;
      readonly shardId: string;
      /** 1 for the first delivery of this batch. */
      readonly attempt: number;
      readonly recordCount: number;
      readonly firstSequenceNumber: string;
      readonly lastSequenceNumber: string;
    }
  | { readonly kind: 'async'; readonly attempt: number };

export interface Invocation {
  /** Unique; also the request id that the function sees. */
  readonly id: string;
  readonly functionName: string;
  /** The ARN that was invoked, with its alias or version if it has one. */
  readonly functionArn: string;
  /** The version that the ARN stands for now: a number as text, or `$LATEST`. */
  readonly version: string;
  readonly trigger: Trigger;
  /** The event as JSON text; built when asked for. */
  payload(): string;
}

/** How an invocation ended. */
export type Outcome =
  /** The function answered; `response` is its parsed JSON answer. */
  | { readonly kind: 'returned'; readonly response: unknown }
  /** It threw, ran out of time, or its sandbox died. */
  | { readonly kind: 'failed' }
  /** It could not be started, as when throttled: no attempt is used up. */
  | { readonly kind: 'not-started' };
