export { CandlegateClient, type ListenOptions, type Subscription } from './client.ts';
export type * from './options.ts';
export * from './types.ts';
