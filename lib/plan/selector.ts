import type { Selector } from './plan.ts';

/** A field by its name, or a function of the event, as the plan states it. */
export function selectorOf(input: string | ((event: never) => unknown)): Selector {
  return typeof input === 'string'
    ? { kind: 'field', field: input }
    : { kind: 'function', select: input };
}
