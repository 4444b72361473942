// The stacks of one run, brought up, changed and taken away by the CDK's command line.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placesOf } from '../../../localstack/pipelines.ts';
import { type Edition, stackNames, synthesise } from './assembly.ts';
import { runCdk } from './command-line.ts';
import type { Target } from './target.ts';

/** Physical names of a deployed pipeline; what its plan does not have is empty. */
export interface Deployed {
  readonly stream: string;
  readonly table: string;
  readonly bucket: string;
  readonly rowsPrefix: string;
  readonly latePrefix: string;
  readonly deadLettersPrefix: string;
  readonly task: string;
  readonly maintenance: string;
  readonly log: string;
  readonly checkpoints: string;
}

export type StackOutputs = Readonly<Record<string, string>>;

export interface Deployment {
  readonly run: string;
  readonly stacks: ReturnType<typeof stackNames>;
  readonly toolkitStack: string;
  bootstrap(): Promise<void>;
  /** Deploys stacks of an edition, all unless some are named; outputs by the name of their stack. */
  deploy(
    edition: Edition,
    stacks?: readonly string[],
  ): Promise<Readonly<Record<string, StackOutputs>>>;
  /** Destroys all stacks but the toolkit's. */
  destroy(): Promise<void>;
  /** The templates of an edition as text, by the name of their stack. */
  templates(edition: Edition): Readonly<Record<string, string>>;
  /** Removes the files of the run. */
  discard(): void;
}

const APPROVED = ['--require-approval', 'never'];
/** Stacks that change at the same time. */
const CONCURRENCY = '3';

export function planDeployment(target: Target): Deployment {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-scenarios-'));
  // The letters of a qualifier: at most ten, small ones and digits.
  const run = `r${Date.now().toString(36).slice(-8)}`;
  const stacks = stackNames(run);
  const toolkitStack = `Rivulet-${run}-toolkit`;
  const cdk = (...args: readonly string[]) => runCdk(args, target.environment);
  const assemblies = new Map<Edition, string>();
  const assemblyOf = (edition: Edition) => {
    const known = assemblies.get(edition);
    if (known !== undefined) return known;
    const assembly = join(folder, edition);
    synthesise(assembly, { run, edition });
    assemblies.set(edition, assembly);
    return assembly;
  };
  return {
    run,
    stacks,
    toolkitStack,
    bootstrap: () =>
      cdk(
        'bootstrap',
        `aws://${target.account}/${target.region}`,
        ...['--qualifier', run, '--toolkit-stack-name', toolkitStack],
      ),
    async deploy(edition, only = Object.values(stacks)) {
      const outputs = join(folder, `${edition}.${only.length}.outputs.json`);
      await cdk(
        ...['deploy', ...only, '--app', assemblyOf(edition), '--method=direct', ...APPROVED],
        ...['--concurrency', CONCURRENCY, '--outputs-file', outputs],
        ...['--toolkit-stack-name', toolkitStack],
      );
      return JSON.parse(readFileSync(outputs, 'utf8'));
    },
    destroy: () =>
      cdk(
        ...['destroy', '--all', '--force', '--app', assemblyOf('first')],
        ...['--concurrency', CONCURRENCY, '--toolkit-stack-name', toolkitStack],
      ),
    templates: (edition) =>
      Object.fromEntries(
        Object.values(stacks).map((name) => [
          name,
          readFileSync(join(assemblyOf(edition), `${name}.template.json`), 'utf8'),
        ]),
      ),
    discard: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The pipeline `name`, or its name in Pascal case, of a stack. */
export function pipelineOf(outputs: StackOutputs, name: string): Deployed {
  const places = placesOf(outputs)[name];
  if (places === undefined) throw new Error(`no pipeline ${name} among the outputs of the stack`);
  const { stream = '', table = '', bucket = '' } = places;
  const { rowsPrefix = '', latePrefix = '', deadLettersPrefix = '' } = places;
  const output = (suffix: string) => {
    const value = outputs[`${name.charAt(0).toUpperCase()}${name.slice(1)}${suffix}`];
    if (value === undefined) throw new Error(`the stack has no output ${suffix} of ${name}`);
    return value;
  };
  return {
    ...{ stream, table, bucket, rowsPrefix, latePrefix, deadLettersPrefix },
    task: output('Task'),
    maintenance: output('Maintenance'),
    log: output('Log'),
    checkpoints: output('Checkpoints'),
  };
}
