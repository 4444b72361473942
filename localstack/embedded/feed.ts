import { EventEmitter } from 'node:events';
import type { Trigger } from '../../lib/cloud/lambda/invocation.ts';

/** What started a function: a mapping or a queue, as the model says, or a caller who waits. */
export type InvocationTrigger = Trigger | { readonly kind: 'request' };

export interface InvocationStarted {
  readonly id: string;
  readonly functionName: string;
  readonly version: string;
  /** Of the sandbox. */
  readonly pid: number;
  readonly trigger: InvocationTrigger;
}

export interface InvocationSettled extends InvocationStarted {
  readonly durationMs: number;
  /** Why it failed; null when the function returned. */
  readonly failure: { readonly errorType: string; readonly errorMessage: string } | null;
}

export interface RequestAnswered {
  readonly service: string;
  readonly operation: string;
  /** The refusal's code; null when the call was done. */
  readonly refusal: string | null;
}

/** What goes on in the cloud, for people and tests who watch. */
export interface FeedEvents {
  'invocation-started': [InvocationStarted];
  'invocation-settled': [InvocationSettled];
  request: [RequestAnswered];
  /** Functions print; the text may hold several lines or a part of one. */
  output: [{ readonly functionName: string; readonly text: string }];
}

export type Feed = EventEmitter<FeedEvents>;

export function createFeed(): Feed {
  return new EventEmitter<FeedEvents>();
}
