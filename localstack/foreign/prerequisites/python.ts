// Finds a Python: on the PATH, or among the versions that a version manager installed, which are there
// even when its shims on the PATH answer for another version or not at all.

import { join } from 'node:path';
import { foldersIn } from './folders.ts';
import { askProgram } from './probe.ts';

/** Major is 3. */
export interface Python {
  /** The program itself, not a shim: it answers whatever HOME and PATH are later. */
  readonly path: string;
  readonly minor: number;
}

export interface PythonWanted {
  readonly minorMin: number;
  /** The versions that were tried, best first; others are taken when none of these is there. */
  readonly preferred: readonly number[];
}

const NAMES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];

/** Says what it is, and fails where a distribution ships Python without what makes environments. */
const QUESTION =
  'import sys, venv, ensurepip; print(sys.version_info[0], sys.version_info[1], sys.executable)';

/** The best Python of the machine, or what was found instead. */
export async function findPython(
  wanted: PythonWanted,
  environment: NodeJS.ProcessEnv,
): Promise<Python | { readonly missing: string }> {
  const rank = ({ minor }: Python) => {
    const index = wanted.preferred.indexOf(minor);
    return index < 0 ? wanted.preferred.length + minor : index;
  };
  const found: Python[] = [];
  const unsuited = new Set<string>();
  for (const candidate of candidatesIn(environment)) {
    const answer = await askPython(candidate, environment);
    if (answer === null) continue;
    if (answer.minor < wanted.minorMin) unsuited.add(`3.${answer.minor}`);
    else if (rank(answer) === 0) return answer;
    else found.push(answer);
  }
  const [best] = found.sort((one, other) => rank(one) - rank(other));
  return best ?? { missing: sentenceOf(wanted, [...unsuited]) };
}

async function askPython(path: string, environment: NodeJS.ProcessEnv): Promise<Python | null> {
  const answer = await askProgram(path, ['-I', '-c', QUESTION], { environment });
  const [, major, minor, executable] = /^(\d+) (\d+) (.+)$/m.exec(answer ?? '') ?? [];
  if (major !== '3' || executable === undefined) return null;
  return { path: executable.trim(), minor: Number(minor) };
}

function candidatesIn(environment: NodeJS.ProcessEnv): readonly string[] {
  const home = environment['HOME'] ?? '';
  const from = (variable: string, ...fallback: readonly string[]) =>
    environment[variable] ?? join(home, ...fallback);
  const folders = [
    join(from('PYENV_ROOT', '.pyenv'), 'versions'),
    join(from('ASDF_DATA_DIR', '.asdf'), 'installs', 'python'),
    join(from('MISE_DATA_DIR', '.local', 'share', 'mise'), 'installs', 'python'),
    join(from('UV_PYTHON_INSTALL_DIR', '.local', 'share', 'uv', 'python')),
  ];
  const conda = ['miniconda3', 'anaconda3', 'miniforge3'].map((name) => join(home, name));
  return [...NAMES, ...folders.flatMap(foldersIn), ...conda].map((place) =>
    place.includes('/') ? join(place, 'bin', 'python3') : place,
  );
}

function sentenceOf(wanted: PythonWanted, unsuited: readonly string[]): string {
  const found =
    unsuited.length === 0 ? 'none answers here' : `only ${unsuited.join(', ')} answers here`;
  return (
    `needs Python 3.${wanted.minorMin} or newer with its venv module, and ${found}: install one, say by ` +
    `'uv python install 3.${wanted.preferred[0]}', 'pyenv install 3.${wanted.preferred[0]}' or your ` +
    "system's packages (python3 and python3-venv); it is found on the PATH and where these put it."
  );
}
