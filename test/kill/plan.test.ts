import { describe, expect, it } from 'vitest';
import { DISTURBANCES, isKill, KILLS, planFaults } from './plan.ts';
import { PORT_METHODS } from './port-call.ts';

describe('the plan of a run', () => {
  it('holds exactly as many kills as were asked for, two fifths between a commit and its reply', () => {
    const kills = planFaults({ kills: 25, seed: 3 }).filter(({ kind }) => isKill(kind));
    const between = kills.filter(
      ({ kind, method }) => kind === 'kill-after' && method === 'commits.append',
    );
    expect(kills).toHaveLength(25);
    expect(between.length).toBeGreaterThanOrEqual(10);
  });

  it('holds every kind of fault when it is as short as in the suite', () => {
    const kinds = new Set(planFaults({ kills: 25, seed: 3 }).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([...KILLS, ...DISTURBANCES].sort());
  });

  it('is the same for the same seed and another for another', () => {
    const plan = planFaults({ kills: 25, seed: 3 });
    expect(planFaults({ kills: 25, seed: 3 })).toEqual(plan);
    expect(planFaults({ kills: 25, seed: 4 })).not.toEqual(plan);
  });

  it('strikes every port method in every way when it is long enough', () => {
    const struck = planFaults({ kills: 300, seed: 3 }).map(
      ({ kind, method }) => `${kind} ${method}`,
    );
    for (const kind of [...KILLS, ...DISTURBANCES]) {
      for (const method of PORT_METHODS) expect(struck).toContain(`${kind} ${method}`);
    }
  });

  it('strikes what only a fold calls in its second half', () => {
    const plan = planFaults({ kills: 300, seed: 3 });
    const first = plan.findIndex(({ method }) => method === 'commits.movePointer');
    expect(first).toBeGreaterThan(plan.length / 3);
  });
});
