// The faults of a run, drawn from a seed: what happens to which call of which port, at which of its
// occurrences. The same seed gives the same plan; when each fault strikes is up to the processes.

import { seededRandom } from '../../localstack/demo/flights.ts';
import { PORT_METHODS, type PortMethod } from './port-call.ts';

/** What kills a sandbox, by what becomes of the request it had sent. */
export const KILLS = [
  /** It never arrives. */
  'kill-before',
  /** It is done, and its reply never goes out. */
  'kill-after',
  /** It arrives later, when other sandboxes have gone on: a zombie. */
  'kill-zombie',
] as const;

/** What a sandbox lives through. */
export const DISTURBANCES = [
  /** The request is done, and instead of the reply the connection breaks: the SDK repeats it. */
  'lost-reply',
  /** The connection breaks, and the request is done after all, later than its repetition. */
  'late-repeat',
  /** The request is held for a while. */
  'delay',
  /** The request is done twice, and the second answer goes out. */
  'duplicate',
  /** The sandbox is stopped with SIGSTOP when the request has arrived, and goes on later. */
  'freeze',
] as const;

export type Kill = (typeof KILLS)[number];
export type FaultKind = Kill | (typeof DISTURBANCES)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly method: PortMethod;
  /** It strikes at this call of the method, counted from 1 since it was armed. */
  readonly occurrence: number;
  /** Held or frozen: until this many commits more were answered. */
  readonly commits: number;
}

/** The share of kills with a commit that is done and whose reply never goes out. */
const COMMIT_REPLY_SHARE = 0.4;
/** The shares of kills that leave a commit or a row of the result table behind, to arrive later. */
const ZOMBIE_SHARE = 0.1;
const DISTURBANCES_PER_KILL = 0.6;

/** Occurrences to choose from: as many as pass in about a second. */
const OCCURRENCES_MAX: Readonly<Partial<Record<PortMethod, number>>> = {
  'commits.append': 12,
  'tables.publish': 120,
  'objects.get': 4,
  'files.put': 6,
};
const COMMITS_MAX = 24;
/** A zombie's request is held for up to several rounds of events, so that a row it is about is complete. */
const ZOMBIE_COMMITS_MAX = 120;
/** Calls of the maintenance function, which has nothing to fold before a log has some length. */
const FOLD_METHODS: ReadonlySet<PortMethod> = new Set([
  'commits.movePointer',
  'objects.put segment',
  'objects.put lineage',
  'objects.put manifest',
  'objects.list',
]);

export const isKill = (kind: FaultKind): kind is Kill => KILLS.some((kill) => kill === kind);

/** `kills` kills and some disturbances, in the order in which they are armed. */
export function planFaults(options: {
  readonly kills: number;
  readonly seed: number;
}): readonly Fault[] {
  const random = seededRandom(options.seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const shuffled = <Item>(items: readonly Item[], placeOf: (item: Item) => number = random) =>
    items
      .map((item) => ({ item, place: placeOf(item) }))
      .sort((one, other) => one.place - other.place)
      .map(({ item }) => item);
  const inSecondHalf = ({ method }: Pick<Fault, 'method'>) =>
    FOLD_METHODS.has(method) ? 0.5 + random() / 2 : random();
  const faultOf = ({ kind, method }: Pick<Fault, 'kind' | 'method'>): Fault => ({
    kind,
    method,
    occurrence: 1 + below(OCCURRENCES_MAX[method] ?? 2),
    commits: 1 + below(kind === 'kill-zombie' ? ZOMBIE_COMMITS_MAX : COMMITS_MAX),
  });
  /** The kinds in turn, each with every method before any of them comes again. */
  const pairs = (kinds: readonly FaultKind[], count: number) => {
    const methodsOf = kinds.map(() => shuffled(PORT_METHODS));
    return Array.from({ length: count }, (_, index) => {
      const turn = Math.floor(index / kinds.length) % PORT_METHODS.length;
      const which = index % kinds.length;
      return { kind: kinds[which]!, method: methodsOf[which]![turn]! };
    });
  };
  const times = (count: number, fault: Pick<Fault, 'kind' | 'method'>) =>
    Array.from({ length: count }, () => fault);
  const betweenCount = Math.ceil(options.kills * COMMIT_REPLY_SHARE);
  const zombieCount = Math.floor(options.kills * ZOMBIE_SHARE);
  const drawn = [
    ...times(betweenCount, { kind: 'kill-after', method: 'commits.append' }),
    ...times(zombieCount, { kind: 'kill-zombie', method: 'commits.append' }),
    ...times(zombieCount, { kind: 'kill-zombie', method: 'tables.publish' }),
    ...pairs(KILLS, options.kills - betweenCount - 2 * zombieCount),
    ...pairs(DISTURBANCES, Math.floor(options.kills * DISTURBANCES_PER_KILL)),
  ];
  return shuffled(drawn, inSecondHalf).map(faultOf);
}
