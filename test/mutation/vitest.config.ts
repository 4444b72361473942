import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The quick ones first: most mutants are found by them, and the first failure ends a mutant's run. */
const ORDER = ['unit/protocol', 'unit/time', 'unit/state', 'property', 'damage'];

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) =>
      ORDER.findLastIndex((part) => moduleId.includes(part));
    return files.toSorted((left, right) => placeOf(left) - placeOf(right));
  }
}

/** The tests that mutants are shown to, which instrumented code makes slower. */
export default defineConfig({
  resolve: { conditions: ['rivulet-source'] },
  ssr: { resolve: { conditions: ['rivulet-source'] } },
  test: {
    include: ['test/unit/{protocol,state,time}/**/*.test.ts', 'test/property/time.test.ts'],
    // Hundreds of thousands of rows, which touch nearly every mutant of the state: an hour for what
    // the small tests find in minutes.
    exclude: ['test/unit/state/large.test.ts'],
    testTimeout: 60_000,
    sequence: { sequencer: QuickFirst },
  },
});
