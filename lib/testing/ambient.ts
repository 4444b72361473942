// What a process offers to everybody in it: time, chance, timers, locale, environment. While a pipeline
// is simulated, user code in a sandbox gets that sandbox's own, so that a run is repeatable and differs
// from sandbox to sandbox as real ones do. Who is asking is known by the asynchronous context; code
// outside of any sandbox, such as the test runner, keeps the machine's. Everything is put back when the
// last simulation of the process ends.
//
// The replacements are named by text, because in this library nobody reads the real ones.

import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire, syncBuiltinESMExports } from 'node:module';

/** What user code can learn from the process that it runs in, beside what it is given. */
export type AmbientSource = 'clock' | 'chance' | 'zone' | 'locale' | 'environment';

/** The surroundings of user code in one sandbox. */
export interface Ambience {
  nowMs(): number;
  /** When its process began, by the same clock. */
  readonly startedMs: number;
  /** An integer below 2^32. */
  draw(): number;
  /** Lets something happen later; the result takes it back. */
  after(delayMs: number, happen: () => void): () => void;
  /** Whose surroundings these are. */
  readonly sandbox: number;
  /** The locale of whoever names none; `undefined`: the machine's. */
  readonly locale: string | undefined;
  /** Sees what is asked for, by the name under which it is written in code. */
  asked(source: AmbientSource, name: string): void;
  /** Sees what a promise of its code was rejected with, when nobody was there to handle it. */
  rejected(error: unknown): void;
}

const storage = new AsyncLocalStorage<Ambience>();

/** Runs code, and all that follows from it, in these surroundings. */
export const runInside = <Result>(ambience: Ambience, run: () => Result): Result =>
  storage.run(ambience, run);

/** The surroundings of whoever calls. */
export const currentAmbience = (): Ambience | undefined => storage.getStore();

/** Runs synchronous code with other environment variables, among them the time zone. */
export function withEnvironment<Result>(
  variables: Readonly<Record<string, string>>,
  run: () => Result,
): Result {
  const { env } = process;
  const before = Object.keys(variables).map((name) => [name, env[name]] as const);
  Object.assign(env, variables);
  try {
    return run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete env[name];
      else env[name] = value;
    }
  }
}

let installedCount = 0;
let uninstall = () => {};

/** Runs `work` with the replacements in place, and takes them out when nobody needs them any more. */
export async function withAmbience<Result>(work: () => Promise<Result>): Promise<Result> {
  if (installedCount === 0) uninstall = install();
  installedCount += 1;
  try {
    return await work();
  } finally {
    installedCount -= 1;
    if (installedCount === 0) uninstall();
  }
}

type AnyFunction = (...values: never[]) => unknown;
type Original = (...values: unknown[]) => unknown;

/** Makes the replacement of a function: `inside` answers in a sandbox, the original elsewhere. */
const replacing =
  (inside: (ambience: Ambience, values: readonly unknown[], self: unknown) => unknown) =>
  (original: Original): Original =>
    function replacement(this: unknown, ...values: unknown[]) {
      const ambience = storage.getStore();
      return ambience === undefined
        ? Reflect.apply(original, this, values)
        : inside(ambience, values, this);
    };

function install(): () => void {
  const undo: (() => void)[] = [];
  const replace = (owner: object, name: string, make: (original: Original) => unknown) => {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    const original = (owner as Record<string, Original | undefined>)[name];
    if (original === undefined || before?.configurable === false) return;
    const value = Object.assign(make(original) as object, customPromise(original, name));
    const enumerable = before?.enumerable ?? false;
    Object.defineProperty(owner, name, { value, writable: true, configurable: true, enumerable });
    undo.push(() => {
      if (before === undefined) delete (owner as Record<string, unknown>)[name];
      else Object.defineProperty(owner, name, before);
    });
  };
  const replaceValue: ReplaceValue = (owner, name, inside) => {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    const original = (owner as Record<string, unknown>)[name];
    const get = () => {
      const ambience = storage.getStore();
      return ambience === undefined ? original : inside(ambience);
    };
    const enumerable = before?.enumerable ?? false;
    Object.defineProperty(owner, name, { get, configurable: true, enumerable });
    undo.push(() => {
      if (before === undefined) delete (owner as Record<string, unknown>)[name];
      else Object.defineProperty(owner, name, before);
    });
  };
  replaceClocks(replace);
  replaceProcess(replace, replaceValue);
  replaceChance(replace);
  replaceTimers(replace);
  replaceLocale(replace);
  replaceRejections(replace);
  syncBuiltinESMExports();
  return () => {
    for (const each of undo.reverse()) each();
    syncBuiltinESMExports();
  };
}

type Replace = (owner: object, name: string, make: (original: Original) => unknown) => void;
type ReplaceValue = (owner: object, name: string, inside: (ambience: Ambience) => unknown) => void;

const builtIn = createRequire(import.meta.url);

function replaceClocks(replace: Replace): void {
  const nowMs = (ambience: Ambience, name: string) => {
    ambience.asked('clock', name);
    return ambience.nowMs();
  };
  replace(
    Date,
    'now',
    replacing((ambience) => nowMs(ambience, 'Date.now()')),
  );
  replace(globalThis, 'Date', (original) => dateOf(original as unknown as DateConstructor, nowMs));
  replace(
    performance,
    'now',
    replacing((ambience) => nowMs(ambience, 'performance.now()') - ambience.startedMs),
  );
  const nanoseconds = (ambience: Ambience) =>
    BigInt(Math.round(nowMs(ambience, 'process.hrtime()'))) * 1_000_000n;
  replace(process, 'hrtime', (original) => {
    const bigint = replacing(nanoseconds)((original as unknown as { bigint: Original }).bigint);
    const pair = replacing((ambience) => {
      const time = nanoseconds(ambience);
      return [Number(time / 1_000_000_000n), Number(time % 1_000_000_000n)];
    })(original);
    return Object.assign(pair, { bigint });
  });
}

/** What tells one process from another, and since when it runs. */
function replaceProcess(replace: Replace, replaceValue: ReplaceValue): void {
  replace(
    process,
    'uptime',
    replacing((ambience) => {
      ambience.asked('clock', 'process.uptime()');
      return (ambience.nowMs() - ambience.startedMs) / 1_000;
    }),
  );
  replaceValue(performance, 'timeOrigin', (ambience) => {
    ambience.asked('clock', 'performance.timeOrigin');
    return ambience.startedMs;
  });
  replaceValue(process, 'pid', (ambience) => {
    ambience.asked('environment', 'process.pid');
    return FIRST_PID + ambience.sandbox;
  });
  replace(
    builtIn('node:os') as object,
    'hostname',
    replacing((ambience) => {
      ambience.asked('environment', 'os.hostname()');
      return `sandbox-${ambience.sandbox}`;
    }),
  );
}

const FIRST_PID = 1_000;

function dateOf(
  original: DateConstructor,
  nowMs: (ambience: Ambience, name: string) => number,
): DateConstructor {
  return new Proxy(original, {
    construct(target, values: unknown[], newTarget) {
      const ambience = values.length === 0 ? storage.getStore() : undefined;
      if (ambience === undefined) return Reflect.construct(target, values, newTarget) as object;
      const now = [nowMs(ambience, 'new Date()')];
      return Reflect.construct(target, now, newTarget) as object;
    },
    apply(target, self, values: unknown[]) {
      const ambience = storage.getStore();
      if (ambience === undefined) return Reflect.apply(target, self, values) as string;
      return new target(nowMs(ambience, 'Date()')).toString();
    },
  });
}

function replaceChance(replace: Replace): void {
  const asking = (
    name: string,
    give: (ambience: Ambience, values: readonly unknown[]) => unknown,
  ) =>
    replacing((ambience, values) => {
      ambience.asked('chance', name);
      return give(ambience, values);
    });
  const fill = (ambience: Ambience, bytes: Uint8Array) => {
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = ambience.draw() & 255;
    return bytes;
  };
  const random = (ambience: Ambience) => ambience.draw() / 2 ** 32;
  const uuid = (ambience: Ambience) => {
    const bytes = fill(ambience, new Uint8Array(16));
    bytes[6] = (bytes[6]! & 15) | 64;
    bytes[8] = (bytes[8]! & 63) | 128;
    const hex = Buffer.from(bytes).toString('hex');
    return [8, 12, 16, 20, 32]
      .map((end, part, ends) => hex.slice(part === 0 ? 0 : ends[part - 1], end))
      .join('-');
  };
  const values = (ambience: Ambience, [array]: readonly unknown[]) => {
    const view = array as Uint8Array;
    fill(ambience, new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    return array;
  };
  replace(Math, 'random', asking('Math.random()', random));
  const nodeCrypto = builtIn('node:crypto') as object;
  for (const owner of [globalThis.crypto, nodeCrypto]) {
    replace(owner, 'randomUUID', asking('crypto.randomUUID()', uuid));
    replace(owner, 'getRandomValues', asking('crypto.getRandomValues()', values));
  }
  replace(nodeCrypto, 'randomBytes', (original) =>
    asking('crypto.randomBytes()', (ambience, [size, callback]) => {
      const bytes = fill(ambience, Buffer.alloc(size as number));
      if (typeof callback !== 'function') return bytes;
      queueMicrotask(() => callback(null, bytes));
      return undefined;
    })(original),
  );
  replace(nodeCrypto, 'randomInt', (original) =>
    asking('crypto.randomInt()', (ambience, [first, second]) => {
      const bounds = typeof second === 'number' ? [first as number, second] : [0, first as number];
      return bounds[0]! + Math.floor(random(ambience) * (bounds[1]! - bounds[0]!));
    })(original),
  );
}

/** What a timer hands out, with all that callers of Node's timers use. */
class VirtualTimer {
  private cancel: () => void;

  constructor(cancel: () => void) {
    this.cancel = cancel;
  }

  again(cancel: () => void): void {
    this.cancel = cancel;
  }

  close(): void {
    this.cancel();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  refresh(): this {
    return this;
  }
}

function replaceTimers(replace: Replace): void {
  const once = replacing((ambience, [happen, delayMs, ...values]) => {
    const call = () => void (happen as Original)(...values);
    return new VirtualTimer(ambience.after(waitMs(delayMs), call));
  });
  const soon = replacing((ambience, [happen, ...values]) => {
    const call = () => void (happen as Original)(...values);
    return new VirtualTimer(ambience.after(0, call));
  });
  const repeatedly = replacing((ambience, [happen, delayMs, ...values]) => {
    const wait = () =>
      ambience.after(waitMs(delayMs), () => {
        timer.again(wait());
        (happen as Original)(...values);
      });
    const timer: VirtualTimer = new VirtualTimer(wait());
    return timer;
  });
  const clear = (original: Original) => (timer: unknown) =>
    timer instanceof VirtualTimer ? timer.close() : original(timer);
  for (const owner of [globalThis, builtIn('node:timers') as object]) {
    for (const kind of ['Timeout', 'Interval', 'Immediate']) replace(owner, `clear${kind}`, clear);
    replace(owner, 'setTimeout', once);
    replace(owner, 'setInterval', repeatedly);
    replace(owner, 'setImmediate', soon);
  }
  const promises = builtIn('node:timers/promises') as object;
  replace(
    promises,
    'setTimeout',
    replacing((ambience, [delayMs, value]) => sleep(ambience, delayMs, value)),
  );
  replace(
    promises,
    'setImmediate',
    replacing((ambience, [value]) => sleep(ambience, 0, value)),
  );
  replace(
    AbortSignal,
    'timeout',
    replacing((ambience, [delayMs]) => {
      const controller = new AbortController();
      ambience.after(waitMs(delayMs), () =>
        controller.abort(new DOMException('the time is over', 'TimeoutError')),
      );
      return controller.signal;
    }),
  );
}

/** As Node reads a delay: at least one millisecond. */
const waitMs = (delayMs: unknown) => Math.max(1, Number(delayMs) || 0);

const sleep = (ambience: Ambience, delayMs: unknown, value: unknown) =>
  new Promise((resolve) => {
    ambience.after(waitMs(delayMs), () => resolve(value));
  });

/** `promisify` of a timer takes a form of its own, which Node keeps under this symbol. */
const PROMISIFY = Symbol.for('nodejs.util.promisify.custom');

function customPromise(original: Original, name: string): object {
  const custom = (original as unknown as Record<symbol, Original | undefined>)[PROMISIFY];
  if (custom === undefined) return {};
  const isSoon = name === 'setImmediate';
  const value = replacing((ambience, [first, second]) =>
    isSoon ? sleep(ambience, 0, first) : sleep(ambience, first, second),
  )(custom);
  return { [PROMISIFY]: value };
}

/**
 * A rejection that nobody handles ends a process. Node tells of it in the context in which its promise
 * was made, so that one from a sandbox goes to that sandbox, and all others go where they always go.
 */
function replaceRejections(replace: Replace): void {
  replace(
    process,
    'emit',
    (original) =>
      function emit(this: unknown, ...values: unknown[]) {
        const [event, error] = values;
        const ambience = event === 'unhandledRejection' ? storage.getStore() : undefined;
        if (ambience === undefined) return Reflect.apply(original, this, values);
        ambience.rejected(error);
        return true;
      },
  );
}

/** Methods that take the machine's locale when none is named, and the place of that argument. */
const LOCALE_METHODS: readonly (readonly [object, string, number])[] = [
  [Number.prototype, 'toLocaleString', 0],
  [Date.prototype, 'toLocaleString', 0],
  [Date.prototype, 'toLocaleDateString', 0],
  [Date.prototype, 'toLocaleTimeString', 0],
  [String.prototype, 'localeCompare', 1],
  [String.prototype, 'toLocaleUpperCase', 0],
  [String.prototype, 'toLocaleLowerCase', 0],
];

function replaceLocale(replace: Replace): void {
  for (const [owner, name, place] of LOCALE_METHODS) {
    replace(
      owner,
      name,
      (original) =>
        function localised(this: unknown, ...values: unknown[]) {
          const ambience = values[place] === undefined ? storage.getStore() : undefined;
          if (ambience !== undefined) {
            ambience.asked('locale', `${name}()`);
            values[place] = ambience.locale;
          }
          return Reflect.apply(original, this, values);
        },
    );
  }
  for (const name of ['Collator', 'DateTimeFormat', 'NumberFormat', 'PluralRules', 'Segmenter']) {
    replace(Intl, name, (original) => {
      const withLocale = (values: readonly unknown[]) => {
        const ambience = values[0] === undefined ? storage.getStore() : undefined;
        if (ambience === undefined) return [...values];
        ambience.asked('locale', `Intl.${name}()`);
        return [ambience.locale, ...values.slice(1)];
      };
      return new Proxy(original as unknown as AnyFunction, {
        apply: (target, self, values: unknown[]) => Reflect.apply(target, self, withLocale(values)),
        construct: (target, values: unknown[], newTarget) =>
          Reflect.construct(target, withLocale(values), newTarget) as object,
      });
    });
  }
}
