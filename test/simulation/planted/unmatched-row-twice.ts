import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a row that met no other comes out with every batch until its bucket is gone',
  edits: [
    {
      path: 'lib/operators/join-state.ts',
      source:
        '          isExpired(expiry, place, current.of(group)) &&\n          !isExpired(expiry, place, previous.of(group))\n',
      replacement: '          isExpired(expiry, place, current.of(group))\n',
    },
  ],
  scenarioNames: ['joined-streams'],
};
