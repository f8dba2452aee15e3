// `npm run docs:capacity`: makes the tables of docs/capacity.md from bench/results.
//
//   npm run docs:capacity
//   npm run --silent docs:capacity -- --clients 20000 --channels 100 --subscriptions 10 --updates 1 --encoding protobuf
//                     prints what such a demand needs instead, as JSON
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
await import('../bench/capacity/main.ts');
