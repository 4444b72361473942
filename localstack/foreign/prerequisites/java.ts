// Finds a JDK and Maven.

import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { foldersIn } from './folders.ts';
import { askProgram } from './probe.ts';

export interface Jdk {
  /** The folder with `bin/java`, `bin/javac` and `bin/jar`. */
  readonly home: string;
}

/** DynamoDB Local 2.6.1 is compiled for it. */
const JAVA_MIN = 17;

/** Where systems install them. */
const SYSTEM_FOLDERS = ['/usr/lib/jvm', '/Library/Java/JavaVirtualMachines', '/opt/homebrew/opt'];

/** The first JDK that is new enough; a runtime without its compiler is none. */
export async function findJdk(
  environment: NodeJS.ProcessEnv,
  systemFolders: readonly string[] = SYSTEM_FOLDERS,
): Promise<Jdk | { readonly missing: string }> {
  const unsuited = new Set<string>();
  for (const home of homesIn(environment, systemFolders)) {
    if (!['java', 'javac', 'jar'].every((name) => existsSync(join(home, 'bin', name)))) continue;
    const answer = await askProgram(join(home, 'bin', 'javac'), ['-version'], { environment });
    const [, version] = /javac (?:1\.)?(\d+)/.exec(answer ?? '') ?? [];
    if (Number(version) >= JAVA_MIN) return { home };
    if (version !== undefined) unsuited.add(version);
  }
  const found =
    unsuited.size === 0 ? 'none was found' : `only ${[...unsuited].join(', ')} was found`;
  return {
    missing:
      `needs a JDK ${JAVA_MIN} or newer (java, javac and jar), and ${found}: install one, say by ` +
      "'apt install openjdk-17-jdk-headless' or 'brew install openjdk@21', or set JAVA_HOME to its folder.",
  };
}

/** The command of Maven, given the JDK that it will run on. */
export async function findMaven(
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly command: string } | { readonly missing: string }> {
  for (const command of environment['MAVEN_HOME']
    ? ['mvn', join(environment['MAVEN_HOME'], 'bin', 'mvn')]
    : ['mvn']) {
    const answer = await askProgram(command, ['--version'], { environment });
    if (answer?.includes('Maven')) return { command };
  }
  return {
    missing:
      "needs Maven (mvn), and it does not answer here: install it, say by 'apt install maven' or " +
      "'brew install maven', or put its bin folder on the PATH.",
  };
}

function homesIn(
  environment: NodeJS.ProcessEnv,
  systemFolders: readonly string[],
): readonly string[] {
  const onPath = (environment['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'javac'))
    .filter((path) => existsSync(path))
    // The command is a link into the JDK, often over another link.
    .map((path) => dirname(dirname(realpathSync(path))));
  const managed = join(environment['HOME'] ?? '', '.sdkman', 'candidates', 'java');
  const installed = [managed, ...systemFolders].flatMap(foldersIn);
  const given = environment['JAVA_HOME'];
  return [
    ...(given ? [given] : []),
    ...onPath,
    // On macOS a JDK is a bundle.
    ...installed.flatMap((folder) => [folder, join(folder, 'Contents', 'Home')]),
  ];
}
