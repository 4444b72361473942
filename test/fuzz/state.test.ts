import { describe } from 'vitest';
import { fuzzed } from './fuzzed.ts';
import { stateTargets } from './targets-state.ts';

describe('stored state', () => fuzzed(stateTargets));
