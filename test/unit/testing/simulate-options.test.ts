import { describe, expect, it } from 'vitest';
import { count, dynamodb, kinesis, pipeline } from '../../../lib/index.ts';
import { arriving, type SimulationPlan, simulate } from '../../../lib/testing/index.ts';

interface Click {
  readonly page: string;
}

const clicks = pipeline('clicks')
  .from(kinesis<Click>('clicks').partitionedBy('page'))
  .keyBy('page')
  .aggregate({ clicks: count() })
  .to(dynamodb('clicks'), { mode: 'update' });

const events = [{ page: 'home' }, { page: 'shop' }];
const faults = { seed: 1, calls: [], invocations: [], world: [] };
const plan: SimulationPlan = {
  shards: 1,
  batchSize: 10,
  arrivals: [{ event: 0, atMs: 0 }],
  faults,
};

const circular: Record<string, unknown> = { page: 'home' };
circular['itself'] = circular;

const withFault = (kinds: object) => ({
  events,
  plan: { ...plan, faults: { ...faults, ...kinds } },
});
const withArrival = (arrival: unknown) => ({ events, plan: { ...plan, arrivals: [arrival] } });
const withEvent = (event: unknown, seeds?: number) => ({
  events: [{ page: 'home' }, event],
  seeds,
});

const WHOLE = 'has to be a whole number from 1 to';

const REFUSED: readonly (readonly [string, unknown, string])[] = [
  ['no options', undefined, 'options has to be an object with events, seeds'],
  ['an option that does not exist', { events, seedz: 3 }, "options has no 'seedz': it may have"],
  ['no events', {}, 'options needs events'],
  ['events that are no array', { events: { page: 'home' } }, 'events have to be an array'],
  ['an empty array of events', { events: [] }, 'a simulation needs events'],
  ['zero runs', { events, seeds: 0 }, `seeds ${WHOLE}`],
  ['fewer runs than none', { events, seeds: -5 }, 'and is -5'],
  ['runs that are no number', { events, seeds: Number.NaN }, 'and is NaN'],
  ['half a run', { events, seeds: 1.5 }, 'and is 1.5'],
  ['runs as text', { events, seeds: '3' }, 'and is "3"'],
  ['runs without an end', { events, seeds: Number.POSITIVE_INFINITY }, 'and is Infinity'],
  ['half a seed', { events, seed: 1.5 }, 'seed has to be a whole number from 0 to'],
  ['a negative seed', { events, seed: -1 }, 'and is -1'],
  [
    'an unknown order',
    { events, order: 'random' },
    `order is "random": choose one of 'any', 'given'`,
  ],
  ['no shard', { events, shards: 0 }, `shards ${WHOLE}`],
  ['half a shard', { events, shards: 1.5 }, 'and is 1.5'],
  [
    'progress that nobody can be told',
    { events, onProgress: 'log' },
    'onProgress has to be a func',
  ],
  ['an event that is undefined', withEvent(undefined), 'event 1 is undefined, which no producer'],
  ['a hole among the events', { events: Array(1) }, 'event 0 is undefined'],
  ['an event that is a function', withEvent(() => {}), 'event 1 is a function'],
  ['an event that is a bigint', withEvent(3n), 'event 1 is 3n'],
  [
    'an event with a bigint',
    withEvent({ page: 1n }),
    'event 1 cannot be sent as JSON: Do not know',
  ],
  ['a circular event', withEvent(circular), 'event 1 cannot be sent as JSON: Converting circular'],
  [
    'an event without JSON',
    withEvent({ toJSON: () => undefined }),
    'event 1 cannot be sent as JSON',
  ],
  ['a large event', withEvent('x'.repeat(1_048_577)), 'event 1 has 1048577 bytes'],
  ['an arrival at a Date', withEvent(arriving({}, { at: new Date(0) as never })), 'and is a Date'],
  [
    'an arrival at NaN',
    withEvent(arriving({}, { at: Number.NaN })),
    'event 1: at has to be a whole',
  ],
  ['an arrival before 1970', withEvent(arriving({}, { at: -1 })), 'and is -1'],
  ['an empty partition key', withEvent(arriving({}, { partitionKey: '' })), 'and has 0'],
  ['a long key', withEvent(arriving({}, { partitionKey: 'x'.repeat(257) })), 'and has 257'],
  ['a key that is no text', withEvent(arriving({}, { partitionKey: 3 as never })), 'and is 3'],
  ['arriving with something else', withEvent(arriving({}, { on: 3 } as never)), "has no 'on'"],
  ['arriving without options', withEvent(arriving({}, undefined as never)), 'and is undefined'],
  [
    'arriving twice',
    withEvent(arriving(arriving({}, {}), {})),
    'event 1 is given to arriving twice',
  ],
  [
    'arrivals a year apart',
    { events: [arriving({}, { at: 0 }), arriving({}, { at: 365 * 86_400_000 })] },
    'events arrive more than 300 days apart',
  ],
  ['an empty plan', { events, plan: {} }, 'plan needs shards'],
  ['a plan and seeds', { events, plan, seeds: 3 }, 'a plan is one run: leave out'],
  ['a plan without shards', { events, plan: { ...plan, shards: 0 } }, 'plan.shards has to be'],
  ['a plan without batches', { events, plan: { ...plan, batchSize: 0 } }, 'plan.batchSize has to'],
  ['a plan without arrivals', { events, plan: { ...plan, arrivals: [] } }, 'arrivals is empty'],
  ['an event out of range', withArrival({ event: 2, atMs: 0 }), 'arrivals[0].event has to be'],
  ['an arrival without a time', withArrival({ event: 0 }), 'plan.arrivals[0] needs atMs'],
  [
    'an event that arrives twice',
    { events, plan: { ...plan, arrivals: [plan.arrivals[0], plan.arrivals[0]] } },
    'plan.arrivals has an event twice',
  ],
  [
    'faults without calls',
    { events, plan: { ...plan, faults: { seed: 1 } } },
    'faults needs calls',
  ],
  [
    'an unknown fault of a call',
    withFault({ calls: [{ call: 1, kind: 'x' }] }),
    'kind is "x": choo',
  ],
  ['a fault of no call', withFault({ calls: [{ kind: 'deny' }] }), 'calls[0] needs operation'],
  [
    'an unknown fault of an invocation',
    withFault({ invocations: [{ invocation: 1, kind: 'deploy' }] }),
    'plan.faults.invocations[0].kind is "deploy": choose one of',
  ],
  [
    'an unknown fault of the world',
    withFault({ world: [{ atMs: 1, kind: 'war' }] }),
    'kind is "war"',
  ],
];

describe('a simulation refuses, with a sentence', () => {
  it.each(REFUSED)('%s', async (_, options, sentence) => {
    const refusal = await simulate(clicks, options as never).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'EngineError', kind: 'invalid' });
    expect((refusal as Error).message).toContain(sentence);
  });

  it.each<readonly [string, unknown, RegExp]>([
    ['nothing', undefined, /needs a pipeline/],
    ['a plan', { nodes: [] }, /needs a pipeline/],
    [
      'effects that all runs share',
      { pipeline: clicks, effects: () => 1 },
      /needs a function that/,
    ],
    ['a function that gives nothing', () => undefined, /has to return a pipeline/],
    ['a function that gives a part', () => ({ effects: () => 1 }), /has to return a pipeline/],
    ['a function that gives a promise', async () => clicks, /returns a promise/],
    ['a function that fails later', () => Promise.reject(new Error('no')), /returns a promise/],
    [
      'effects that are no function',
      () => ({ pipeline: clicks, effects: [] }),
      /effects have to be/,
    ],
  ])('%s instead of a pipeline', async (_, simulated, sentence) => {
    const refusal = await simulate(simulated as never, { events }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'EngineError', kind: 'invalid' });
    expect((refusal as Error).message).toMatch(sentence);
  });
});

describe('a simulation takes', () => {
  it.each<readonly [string, object]>([
    ['one seed', { events, seed: 7 }],
    ['a plan', { events, plan }],
    [
      'an event at the limits',
      withEvent(arriving({}, { at: 0, partitionKey: '€'.repeat(256) }), 3),
    ],
    ['bytes and texts', { events: [Buffer.from('{"page":"a"}'), '{"page":"b"}'], seeds: 1 }],
    ['options that are undefined', { events, seeds: 1, seed: undefined, plan: undefined }],
  ])('%s', async (_, options) => {
    const report = await simulate(clicks, { seeds: undefined, ...options } as never);
    expect(report.passed).toBe(true);
  });
});
