// `npm run fuzz`: rubbish from clients and from the exchange against a real process.
//
//   npm run fuzz -- --seed 7 --frames 200000 --exchange-frames 50000
//
// Exits with 1 when the process failed, grew, or a well-behaved client beside it missed anything. See
// docs/security-testing.md.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
process.setSourceMapsEnabled(true);
await import('../test/fuzz/main.ts');
