// Repeats one input of a fuzz run: node --conditions=rivulet-source --import tsx test/fuzz/repeat.ts TARGET HEX

import { outcomeOf } from './fuzz.ts';
import { decodingTargets } from './targets-decoding.ts';
import { stateTargets } from './targets-state.ts';
import { storedTargets } from './targets-stored.ts';

const [name, hex = ''] = process.argv.slice(2);
const targets = [...decodingTargets, ...stateTargets, ...storedTargets];
const target = targets.find((each) => each.name === name);
if (target === undefined) {
  console.error(`targets: ${targets.map((each) => each.name).join(', ')}`);
  process.exit(2);
}
console.log(outcomeOf(target, Buffer.from(hex, 'hex')));
