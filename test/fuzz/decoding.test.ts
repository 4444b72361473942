import { describe } from 'vitest';
import { fuzzed } from './fuzzed.ts';
import { decodingTargets } from './targets-decoding.ts';

describe('delivered records', () => fuzzed(decodingTargets));
