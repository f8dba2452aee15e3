// `npm run bench`: candlegate beside bare uWebSockets.js, ws and socket.io; bench/README.md says how.
//
//   npm run bench                                  every row, seven rounds
//   npm run bench -- --rows cpu,saturation         these rows only
//   npm run bench -- --rounds 3 --quick            to see whether it works, not to publish
import { execFileSync } from 'node:child_process';
import { register } from 'node:module';
import path from 'node:path';

const build = path.join(import.meta.dirname, 'build.mjs');
execFileSync(process.execPath, [build], { stdio: 'inherit' });
register('./typescript-hooks.mjs', import.meta.url);
await import('../bench/main.ts');
