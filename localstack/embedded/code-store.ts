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
  /** Takes an archive; throws a ServiceError when it is none. The answer names it as that of a folder. */
  addZip(archive: Buffer): string;
  /** Lets an object's key stand for code that was taken already, in the place of the object. */
  name(key: string, code: string): void;
  /** The code that a key stands for; undefined when it does for none. */
  named(key: string): string | undefined;
  /** Whether this names code that was taken. */
  has(code: string): boolean;
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
  const keyFile = (key: string) =>
    join(root, 'keys', createHash('sha256').update(key).digest('hex'));
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
      return add(digest, (folder) => unpackZip(archive, folder));
    },
    name(key, code) {
      mkdirSync(join(root, 'keys'), { recursive: true });
      writeFileSync(keyFile(key), code);
    },
    named: (key) => (existsSync(keyFile(key)) ? readFileSync(keyFile(key), 'utf8') : undefined),
    has: (code) => /^[0-9a-f]{64}$/.test(code) && existsSync(join(root, code)),
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
