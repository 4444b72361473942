// The code of functions, unpacked, each in a folder named by its digest: sandboxes of an older version
// go on running from theirs while a newer one is deployed.

import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { FunctionVersion } from '../../lib/cloud/lambda/functions.ts';
import { unpackZip } from './zip.ts';

export interface CodeStore {
  /** Takes a folder; the answer names it: SHA-256 over names and contents, in hexadecimal. */
  addFolder(source: string): string;
  /** Takes the one file of code that stands in a template. */
  addInline(text: string): string;
  /** Takes an archive; throws a ServiceError when it is none. */
  addZip(archive: Buffer): void;
  /** The folder with the code of a version. */
  folderOf(version: FunctionVersion): string;
}

export function createCodeStore(root: string): CodeStore {
  /** Filled beside its place and renamed, so that what has the name is whole. */
  const add = (name: string, fill: (folder: string) => void) => {
    const place = join(root, name);
    if (existsSync(place)) return name;
    const unfinished = `${place}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    fill(unfinished);
    renameSync(unfinished, place);
    return name;
  };
  return {
    addFolder: (source) =>
      add(digestOf(source), (folder) =>
        cpSync(source, folder, { recursive: true, dereference: true }),
      ),
    addInline: (text) =>
      add(createHash('sha256').update(text).digest('hex'), (folder) =>
        writeFileSync(join(folder, 'index.js'), text),
      ),
    addZip: (archive) => {
      const digest = createHash('sha256').update(archive).digest('hex');
      add(digest, (folder) => unpackZip(archive, folder));
    },
    folderOf: ({ code, codeSha256 }) =>
      join(root, code.kind === 's3' ? code.key : Buffer.from(codeSha256, 'base64').toString('hex')),
  };
}

function digestOf(source: string): string {
  const hash = createHash('sha256');
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) {
    const bytes = readFileSync(file);
    hash.update(`${file.slice(source.length)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}
