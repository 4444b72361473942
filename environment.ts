// Takes the machine out of the process: a profile, a region, an endpoint or a home folder of whoever
// runs `npm start` or `npm test` must not change what they do. Import it before anything else.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** The empty folder that stands in for the home folder. */
export const projectHome = join(import.meta.dirname, '.rivulet', 'home');

/** Removes every `AWS_*` variable but those in `keep`, and points HOME at an empty folder of the project. */
export function cleanEnvironment(keep: readonly string[] = []): void {
  for (const name of Object.keys(process.env)) {
    if (/^(AWS|CDK)_/i.test(name) && !keep.includes(name)) delete process.env[name];
  }
  // The SDK would announce the end of Node 20 in the middle of the output.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  mkdirSync(projectHome, { recursive: true });
  process.env['HOME'] = projectHome;
  process.env['USERPROFILE'] = projectHome;
}
