export * from './index.ts';
export { protobuf } from './protobuf.ts';
