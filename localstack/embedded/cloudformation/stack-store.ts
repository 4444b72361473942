// All stacks with their events and change sets. Whatever changes goes through `put`, one plain fact at a
// time, so that the journal can repeat it.

import type { DeployedResource } from './resources/resource-type.ts';
import {
  type ChangeSet,
  isLive,
  type Leftover,
  type Operation,
  type Stack,
  type StackEvent,
} from './stack.ts';

/** One fact. */
export type StackFact =
  | { readonly kind: 'stack'; readonly stack: Stack }
  | {
      readonly kind: 'resource';
      readonly stackId: string;
      readonly logicalId: string;
      /** Null: it is gone. */
      readonly resource: DeployedResource | null;
    }
  | {
      readonly kind: 'leftovers';
      readonly stackId: string;
      readonly leftovers: readonly Leftover[];
    }
  | { readonly kind: 'operation'; readonly stackId: string; readonly operation: Operation }
  | { readonly kind: 'event'; readonly event: StackEvent }
  | { readonly kind: 'change-set'; readonly changeSet: ChangeSet }
  | { readonly kind: 'change-set-gone'; readonly changeSetId: string };

/** Deleted stacks can be described by their id for a while; in an account it is 90 days. */
const DELETED_STACKS_MAX = 50;

export interface StackStore {
  put(fact: StackFact): void;
  /** Oldest first. */
  stacks(): readonly Stack[];
  /** A live stack by its name, any by its id. */
  find(nameOrId: string): Stack | undefined;
  /** Oldest first. */
  events(stackId: string): readonly StackEvent[];
  changeSets(stackId: string): readonly ChangeSet[];
  /** Facts that give this store again. */
  dump(): readonly StackFact[];
}

export function createStackStore(): StackStore {
  const stacks = new Map<string, Stack>();
  const events = new Map<string, StackEvent[]>();
  const changeSets = new Map<string, ChangeSet>();

  const forgetOldest = () => {
    const deleted = [...stacks.values()].filter((stack) => !isLive(stack));
    for (const { stackId } of deleted.slice(0, -DELETED_STACKS_MAX)) {
      stacks.delete(stackId);
      events.delete(stackId);
    }
  };

  return {
    put(fact) {
      switch (fact.kind) {
        case 'stack':
          stacks.set(fact.stack.stackId, fact.stack);
          if (!isLive(fact.stack)) forgetOldest();
          return;
        case 'resource': {
          const stack = stacks.get(fact.stackId)!;
          const { [fact.logicalId]: _replaced, ...others } = stack.resources;
          const resources =
            fact.resource === null
              ? others
              : { ...stack.resources, [fact.logicalId]: fact.resource };
          stacks.set(fact.stackId, { ...stack, resources });
          return;
        }
        case 'leftovers': {
          const { stackId, leftovers } = fact;
          stacks.set(stackId, { ...stacks.get(stackId)!, leftovers });
          return;
        }
        case 'operation': {
          const { stackId, operation } = fact;
          stacks.set(stackId, { ...stacks.get(stackId)!, operation });
          return;
        }
        case 'event': {
          const { event } = fact;
          const known = events.get(event.stackId);
          if (known === undefined) events.set(event.stackId, [event]);
          else known.push(event);
          return;
        }
        case 'change-set':
          changeSets.set(fact.changeSet.changeSetId, fact.changeSet);
          return;
        case 'change-set-gone':
          changeSets.delete(fact.changeSetId);
          return;
      }
    },
    stacks: () => [...stacks.values()],
    find(nameOrId) {
      const byId = stacks.get(nameOrId);
      if (byId !== undefined) return byId;
      return [...stacks.values()].find((stack) => stack.stackName === nameOrId && isLive(stack));
    },
    events: (stackId) => events.get(stackId) ?? [],
    changeSets: (stackId) => [...changeSets.values()].filter((one) => one.stackId === stackId),
    dump: () => [
      ...[...stacks.values()].map((stack) => ({ kind: 'stack', stack }) as const),
      ...[...events.values()].flat().map((event) => ({ kind: 'event', event }) as const),
      ...[...changeSets.values()].map((changeSet) => ({ kind: 'change-set', changeSet }) as const),
    ],
  };
}
