import { PROTOBUF_PROTOCOL } from '../../../src/gateway/codec/protobuf.ts';
import { speak } from './support/world.ts';

// What sessions do is the same over every subprotocol.
speak(PROTOBUF_PROTOCOL);
await import('./session.test.ts');
await import('./subscriptions.test.ts');
