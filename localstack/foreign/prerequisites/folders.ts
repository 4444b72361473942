import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What stands in a folder, by name; nothing when it is not there. */
export function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
