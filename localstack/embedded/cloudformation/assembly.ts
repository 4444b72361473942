// A CDK cloud assembly (the folder `cdk synth` writes): which stacks it has, and where their assets are.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refused } from '../refused.ts';
import type { Template } from './template.ts';

export interface StackSource {
  readonly stackName: string;
  readonly template: Template;
  /** Folder with the unpacked code, by the object key that the template names. */
  readonly assets: ReadonlyMap<string, string>;
}

interface Manifest {
  readonly artifacts?: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly properties?: {
          readonly templateFile?: string;
          readonly stackName?: string;
          readonly file?: string;
        };
      }
    >
  >;
}

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path?: string; readonly packaging?: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
}

/**
 * Reads every stack of an assembly, in the order of its manifest.
 *
 * @throws Refused when the folder is no cloud assembly
 */
export function readAssembly(directory: string): readonly StackSource[] {
  const path = join(directory, 'manifest.json');
  if (!existsSync(path)) {
    throw new Refused(`${directory} is not a CDK cloud assembly: it has no manifest.json`);
  }
  const { artifacts = {} } = readJson<Manifest>(path);
  const assets = new Map<string, string>();
  for (const { type, properties } of Object.values(artifacts)) {
    if (type === 'cdk:asset-manifest') collectAssets(directory, properties?.file ?? '', assets);
  }
  const stacks: StackSource[] = [];
  for (const [name, { type, properties }] of Object.entries(artifacts)) {
    if (type !== 'aws:cloudformation:stack') continue;
    const file = join(directory, properties?.templateFile ?? '');
    const template = readJson<Template>(file);
    stacks.push({ stackName: properties?.stackName ?? name, template, assets });
  }
  if (stacks.length === 0) throw new Refused(`${directory} has no stack: is the app empty?`);
  return stacks;
}

function collectAssets(directory: string, file: string, assets: Map<string, string>): void {
  const { files = {} } = readJson<AssetManifest>(join(directory, file));
  for (const { source, destinations } of Object.values(files)) {
    if (source.packaging !== 'zip' || source.path === undefined) continue;
    const path = join(directory, source.path);
    for (const { objectKey } of Object.values(destinations)) assets.set(objectKey, path);
  }
}

function readJson<Shape>(path: string): Shape {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Shape;
  } catch (error) {
    throw new Refused(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}
