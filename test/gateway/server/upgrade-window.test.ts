import type { HttpResponse } from 'uWebSockets.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TokenVerifier } from '../../../src/gateway/auth/identity.ts';
import { loadUws } from '../../../src/gateway/server/uws.ts';
import { WebSockets, type WebSocketDeps } from '../../../src/gateway/server/websocket.ts';
import { verifierWith, SECRET } from '../auth/tokens.ts';
import { connectClient, raw, startServer } from './harness.ts';

/** What all answers of the native server inherit from. */
async function responsePrototype(): Promise<HttpResponse> {
  const { App, us_listen_socket_close, us_socket_local_port } = loadUws();
  let prototype: unknown;
  const listener = await new Promise<Parameters<typeof us_listen_socket_close>[0]>((resolve) => {
    App()
      .get('/*', (response) => {
        prototype = Object.getPrototypeOf(response);
        response.end();
      })
      .listen('127.0.0.1', 0, (socket) => {
        if (socket !== false) resolve(socket);
      });
  });
  await raw(us_socket_local_port(listener), '/', {});
  us_listen_socket_close(listener);
  return prototype as HttpResponse;
}

type Method = (this: HttpResponse, ...args: unknown[]) => unknown;

/** As they are before anything spies on them. */
function methodsOf(prototype: HttpResponse): Record<'cork' | 'upgrade', Method> {
  const methods = prototype as unknown as Record<'cork' | 'upgrade', Method>;
  return { cork: methods.cork, upgrade: methods.upgrade };
}

/** Answers in a turn of its own, as one that asks Redis does. */
function slowVerifier(): TokenVerifier {
  const verifier = verifierWith({ secret: SECRET }, Date.now);
  return {
    verify: async (token) => {
      await new Promise((resolve) => setImmediate(resolve));
      return verifier.verify(token);
    },
  };
}

/** `bind` of a function of our own would look native, too; those that are used have these names. */
const isBuiltin = (callable: unknown, name: string): boolean =>
  typeof callable === 'function' &&
  callable.name === `bound ${name}` &&
  Function.prototype.toString.call(callable).includes('[native code]');

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the upgrade after a wait', () => {
  // The native server reads freed memory when this cork ends: whatever V8 allocates meanwhile, such as for
  // compiling a function on its first call, may lie there and make it close the new socket.
  it('runs no function of the program between the upgrade and the end of its cork', async () => {
    const prototype = await responsePrototype();
    const corked: { readonly handler: unknown; readonly upgraded: boolean }[] = [];
    const natives = methodsOf(prototype);
    let upgrades = 0;
    vi.spyOn(prototype, 'upgrade').mockImplementation(function (this: HttpResponse, ...args) {
      upgrades += 1;
      Reflect.apply(natives.upgrade, this, args);
    });
    vi.spyOn(prototype, 'cork').mockImplementation(function (this: HttpResponse, handler) {
      const before = upgrades;
      Reflect.apply(natives.cork, this, [handler]);
      corked.push({ handler, upgraded: upgrades > before });
      return this;
    });
    const harness = await startServer({ verifier: slowVerifier() });
    const client = await connectClient(harness);
    client.close();
    harness.server.close();

    expect(
      corked.map(({ handler, upgraded }) => [upgraded, isBuiltin(handler, 'upgrade')]),
    ).toEqual([[true, true]]);
    expect(isBuiltin(new WebSockets({} as WebSocketDeps).handlers().open, 'push')).toBe(true);
  });
});
