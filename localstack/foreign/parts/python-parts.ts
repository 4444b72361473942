// Programs in Python: an environment of its own with packages whose hashes are written down.

import { join } from 'node:path';
import { machineEnvironment } from '../install/environment.ts';
import type { Part } from '../install/part.ts';
import { runTool } from '../install/run-tool.ts';
import { FOREIGN, programPath } from '../places.ts';
import { findPython, type PythonWanted } from '../prerequisites/python.ts';

/** LocalStack 4.14.0, the last version that runs without an account at its maker. */
export const LOCALSTACK = pythonPart({
  name: 'LocalStack 4.14.0',
  folder: 'localstack',
  packages: {
    'requirements-build.txt': 'installing what builds packages of LocalStack 4.14.0',
    'requirements-localstack.txt': 'installing LocalStack 4.14.0 with pip (about 500 MB)',
  },
  wanted: { minorMin: 12, preferred: [13, 12] },
});

export const MINISTACK = pythonPart({
  name: 'MiniStack 1.5.33',
  folder: 'ministack',
  packages: { 'requirements-ministack.txt': 'installing MiniStack 1.5.33 with pip (about 75 MB)' },
  wanted: { minorMin: 10, preferred: [13, 12, 11] },
});

/** Exactly the packages of a file and what is built from them with what is there already. */
const PIP_INSTALL = [
  ...['-I', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'],
  ...['--require-hashes', '--no-deps', '--no-build-isolation'],
];

/** The Python of such a part. */
export function pythonOf(part: Part): string {
  return join(part.directory, 'bin', 'python');
}

function pythonPart(options: {
  readonly name: string;
  readonly folder: string;
  /** Files of packages, installed one after the other, each with what is said of it. */
  readonly packages: Readonly<Record<string, string>>;
  readonly wanted: PythonWanted;
}): Part {
  const { name, packages, wanted } = options;
  const directory = join(FOREIGN, options.folder);
  const part: Part = {
    name,
    directory,
    files: Object.keys(packages).map((file) => programPath(file)),
    proof: join(directory, 'bin', 'python'),
    async prepare() {
      const environment = machineEnvironment();
      const python = await findPython(wanted, environment);
      if ('missing' in python) return { missing: [python.missing] };
      return {
        async install(_directory, progress) {
          const inFolder = { directory, environment };
          const create = {
            purpose: `making an environment of Python 3.${python.minor}`,
            command: python.path,
            args: ['-I', '-m', 'venv', directory],
          };
          await runTool({ ...inFolder, ...create }, progress);
          for (const [file, purpose] of Object.entries(packages)) {
            const args = [...PIP_INSTALL, '--requirement', programPath(file)];
            await runTool({ ...inFolder, purpose, command: pythonOf(part), args }, progress);
          }
        },
      };
    },
  };
  return part;
}
