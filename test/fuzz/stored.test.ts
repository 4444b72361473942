import { describe } from 'vitest';
import { fuzzed } from './fuzzed.ts';
import { storedTargets } from './targets-stored.ts';

describe('stored documents', () => fuzzed(storedTargets));
