// Loaded into a measured server by `--import`: on SIGUSR2 it collects garbage, so that its resident
// memory says what connections hold and not when V8 last found time. It changes nothing else.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => {
  collect();
  // What finalizers have let go of goes in the second.
  collect();
});
