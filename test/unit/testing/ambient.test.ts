import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  type Ambience,
  runInside,
  withAmbience,
  withEnvironment,
} from '../../../lib/testing/ambient.ts';

/** A process whose clock stands at 5,000 ms, and whose timers fire when they are told to. */
function aProcess(sandbox = 1) {
  const asked: string[] = [];
  const rejected: unknown[] = [];
  const timers: { readonly delayMs: number; readonly happen: () => void }[] = [];
  let draws = sandbox * 1_000_003;
  const ambience: Ambience = {
    sandbox,
    nowMs: () => 5_000,
    startedMs: 2_000,
    draw() {
      draws = Math.imul(draws, 48_271) >>> 0;
      return draws;
    },
    after(delayMs, happen) {
      const timer = { delayMs, happen: () => runInside(ambience, happen) };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
    locale: 'de-DE',
    asked: (source, name) => void asked.push(`${source} ${name}`),
    rejected: (error) => void rejected.push(error),
  };
  return { ambience, asked, rejected, timers };
}

const inProcess = <Result>(
  run: () => Result | Promise<Result>,
  sandbox?: number,
): Promise<Result> => withAmbience(async () => await runInside(aProcess(sandbox).ambience, run));

describe('inside of a sandbox', () => {
  it.each<readonly [string, () => unknown, unknown]>([
    ['Date.now()', () => Date.now(), 5_000],
    ['new Date()', () => Date.now(), 5_000],
    ['Date()', () => Date().slice(0, 15), new Date(5_000).toString().slice(0, 15)],
    ['performance.now()', () => performance.now(), 3_000],
    ['performance.timeOrigin', () => performance.timeOrigin, 2_000],
    ['process.uptime()', () => process.uptime(), 3],
    ['process.hrtime()', () => process.hrtime(), [5, 0]],
    ['process.hrtime.bigint()', () => process.hrtime.bigint(), 5_000_000_000n],
  ])('%s is the time of the sandbox', async (_, read, time) => {
    expect(await inProcess(read)).toEqual(time);
  });

  it('a date of a given time is that time, and a Date', async () => {
    const dates = await inProcess(() => [new Date(7), new Date(2026, 0, 1)] as const);
    expect(dates[0].getTime()).toBe(7);
    expect(dates).toEqual([new Date(7), new Date(2026, 0, 1)]);
    expect(dates[0]).toBeInstanceOf(Date);
  });

  it.each<readonly [string, () => unknown]>([
    ['Math.random()', () => Math.random()],
    ['crypto.randomUUID()', () => crypto.randomUUID()],
    ['randomUUID of node:crypto', () => randomUUID()],
    ['randomBytes', () => randomBytes(8).toString('hex')],
    ['randomInt', () => randomInt(1_000_000)],
    ['crypto.getRandomValues()', () => crypto.getRandomValues(new Uint32Array(4)).join()],
  ])('%s is repeatable, and another one in another sandbox', async (_, draw) => {
    expect(await inProcess(draw, 1)).toEqual(await inProcess(draw, 1));
    expect(await inProcess(draw, 1)).not.toEqual(await inProcess(draw, 2));
  });

  it.each<readonly [string, () => unknown]>([
    ['process.pid', () => process.pid],
    ['os.hostname()', () => hostname()],
  ])('%s is that of the sandbox', async (_, read) => {
    expect(await inProcess(read, 1)).toEqual(await inProcess(read, 1));
    expect(await inProcess(read, 1)).not.toEqual(await inProcess(read, 2));
    expect(await inProcess(read, 1)).not.toEqual(read());
  });

  it('random values keep their form', async () => {
    const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(await inProcess(() => randomUUID())).toMatch(form);
    const numbers = await inProcess(() => Array.from({ length: 100 }, () => randomInt(3, 5)));
    expect(new Set(numbers)).toEqual(new Set([3, 4]));
  });

  it.each<readonly [string, (done: () => void) => unknown, number]>([
    ['setTimeout', (done) => setTimeout(done, 40), 40],
    ['setImmediate', (done) => setImmediate(done), 0],
    ['setInterval', (done) => setInterval(done, 30), 30],
    ['timers/promises', (done) => void sleep(50).then(done), 50],
    ['a promisified timer', (done) => void promisify(setTimeout)(60).then(done), 60],
    ['AbortSignal.timeout', (done) => AbortSignal.timeout(70).addEventListener('abort', done), 70],
  ])('%s waits for the time of the sandbox', async (_, start, delayMs) => {
    await withAmbience(async () => {
      const { ambience, timers } = aProcess();
      let isDone = false;
      runInside(ambience, () => start(() => (isDone = true)));
      expect(timers.map((timer) => timer.delayMs)).toEqual([delayMs]);
      expect(isDone).toBe(false);
      timers[0]!.happen();
      await Promise.resolve().then(() => {});
      expect(isDone).toBe(true);
    });
  });

  it('a timer that was cleared does not fire', async () => {
    await withAmbience(async () => {
      const { ambience, timers } = aProcess();
      runInside(ambience, () => clearTimeout(setTimeout(() => {}, 40)));
      expect(timers).toEqual([]);
    });
  });

  it('whoever names no locale gets that of the sandbox', async () => {
    expect(await inProcess(() => (1234.5).toLocaleString())).toBe('1.234,5');
    expect(await inProcess(() => (1234.5).toLocaleString('en-US'))).toBe('1,234.5');
    expect(await inProcess(() => new Intl.NumberFormat().format(1234.5))).toBe('1.234,5');
  });

  it('what was asked for is told', async () => {
    const { ambience, asked } = aProcess();
    await withAmbience(async () => runInside(ambience, () => [Date.now(), Math.random()]));
    expect(asked).toEqual(['clock Date.now()', 'chance Math.random()']);
  });

  it('a rejection that nobody handles goes to the sandbox of its promise', async () => {
    const [one, other] = [aProcess(1), aProcess(2)];
    const reject = async (message: string) => {
      await Promise.resolve();
      throw new Error(message);
    };
    await withAmbience(async () => {
      runInside(one.ambience, () => void reject('one'));
      runInside(other.ambience, () => void reject('other'));
      runInside(other.ambience, () => void reject('handled').catch(() => {}));
      await new Promise((resolve) => setImmediate(resolve));
    });
    expect([one.rejected, other.rejected]).toEqual([[new Error('one')], [new Error('other')]]);
  });

  it('all that follows from code in a sandbox is in that sandbox, also after an await', async () => {
    const later = async () => {
      await Promise.resolve();
      return Date.now();
    };
    expect(await inProcess(later)).toBe(5_000);
  });
});

describe('outside of any sandbox', () => {
  it('the machine is as it is, also while a simulation runs', async () => {
    const before = Date.now();
    const during = await withAmbience(async () => Date.now());
    expect(during).toBeGreaterThanOrEqual(before);
    expect(await withAmbience(() => new Promise((resolve) => setTimeout(resolve, 1, 'done')))).toBe(
      'done',
    );
  });

  it('a rejection that nobody handles goes where it always goes', async () => {
    const listeners = process.listeners('unhandledRejection');
    const unhandled: unknown[] = [];
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', (error) => unhandled.push(error));
    try {
      await withAmbience(async () => {
        void Promise.reject(new Error('of nobody'));
        await new Promise((resolve) => setImmediate(resolve));
      });
    } finally {
      process.removeAllListeners('unhandledRejection');
      for (const listener of listeners) process.on('unhandledRejection', listener);
    }
    expect(unhandled).toEqual([new Error('of nobody')]);
  });

  it('everything is put back when the last simulation ends, also when it throws', async () => {
    const now = () => [
      ...[Date, Date.now, Math.random, setTimeout, clearTimeout, sleep, randomUUID, hostname],
      ...[process.uptime, process.emit, Object.getOwnPropertyDescriptor(process, 'pid')?.get],
      Object.getOwnPropertyDescriptor(performance, 'timeOrigin')?.get,
    ];
    const originals = now();
    const failing = withAmbience(async () => {
      await withAmbience(async () => {});
      expect(now()).not.toEqual(originals);
      throw new Error('a run that fails');
    });
    await expect(failing).rejects.toThrow('a run that fails');
    expect(now().map((each, index) => each === originals[index])).toEqual(
      originals.map(() => true),
    );
  });

  it('variables are put back, whether they were there or not', () => {
    const { env } = process;
    env['SIMULATED_BEFORE'] = 'before';
    const variables = { SIMULATED_BEFORE: 'during', SIMULATED_ABSENT: 'during' };
    const run = () => {
      throw new Error(`${env['SIMULATED_BEFORE']} ${env['SIMULATED_ABSENT']}`);
    };
    expect(() => withEnvironment(variables, run)).toThrow('during during');
    expect([env['SIMULATED_BEFORE'], 'SIMULATED_ABSENT' in env]).toEqual(['before', false]);
    delete env['SIMULATED_BEFORE'];
  });
});
