// Schedule expressions of EventBridge rules ("Schedule expressions"): `rate(5 minutes)` and
// `cron(minutes hours day-of-month month day-of-week year)`, in UTC.

import { type CronFields, nextCronMs, parseCron } from './cron.ts';

export type Schedule =
  | { readonly kind: 'rate'; readonly everyMs: number }
  | { readonly kind: 'cron'; readonly fields: CronFields };

const UNITS_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** `undefined` when the text is no schedule expression. */
export function parseSchedule(text: string): Schedule | undefined {
  const rate = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(text);
  if (rate !== null) {
    const value = Number(rate[1]);
    // "If the value is equal to 1, then the unit must be singular."
    if (value < 1 || (value === 1) === (rate[3] === 's')) return undefined;
    return { kind: 'rate', everyMs: value * UNITS_MS[rate[2] as keyof typeof UNITS_MS] };
  }
  const cron = /^cron\((.+)\)$/.exec(text);
  const fields = cron === null ? undefined : parseCron(cron[1]!);
  return fields === undefined ? undefined : { kind: 'cron', fields };
}

/** The first time after `afterMs` at which the schedule is due; `null` when there is none. */
export function nextScheduledMs(
  schedule: Schedule,
  since: { readonly createdMs: number; readonly afterMs: number },
): number | null {
  switch (schedule.kind) {
    case 'rate': {
      const passed = Math.floor((since.afterMs - since.createdMs) / schedule.everyMs);
      return since.createdMs + (Math.max(0, passed) + 1) * schedule.everyMs;
    }
    case 'cron':
      return nextCronMs(schedule.fields, since.afterMs);
  }
}
