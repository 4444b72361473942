// What installing commands see: the machine as it is. A company's mirrors, certificates, proxies and
// caches are configured in pip's and npm's variables and in files below HOME (`~/.m2/settings.xml`,
// `~/.config/pip`), and without them nothing might be reachable. What runs afterwards is given an
// environment of its own that holds none of this.

import { userInfo } from 'node:os';
import { projectHome } from '../../../environment.ts';

/** The process's environment, with the home folder of the account where the project's stands in. */
export function machineEnvironment(): NodeJS.ProcessEnv {
  const { HOME } = process.env;
  return {
    ...process.env,
    ...(HOME === undefined || HOME === projectHome ? { HOME: userInfo().homedir } : {}),
  };
}
