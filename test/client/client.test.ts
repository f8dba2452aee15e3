import { describe, expect, it } from 'vitest';
import { CandlegateClient, type FetchLike, type WireMessage } from '../../src/client/index.ts';

/** A WebSocket in the hands of the test. */
class FakeSocket {
  static readonly opened: FakeSocket[] = [];
  binaryType = '';
  readonly sent: string[] = [];
  readonly url: string;
  readonly protocols: readonly string[];
  isClosed = false;
  readonly #listeners = new Map<string, (event: object) => void>();

  constructor(url: string, protocols: readonly string[]) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.opened.push(this);
  }
  send(data: string | Uint8Array): void {
    this.sent.push(String(data));
  }
  close(): void {
    this.isClosed = true;
  }
  addEventListener(type: string, listener: (event: object) => void): void {
    this.#listeners.set(type, listener);
  }
  say(type: string, event: object = {}): void {
    this.#listeners.get(type)?.(event);
  }
  hear(message: object): void {
    this.say('message', { data: JSON.stringify(message) });
  }
}

function answer(status: number, body: object): Awaited<ReturnType<FetchLike>> {
  const headers = { get: () => null };
  return { ok: status < 400, status, headers, json: () => Promise.resolve(body) };
}

const url = 'https://candles.example/feed';
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the shell of the client', () => {
  it.each([
    [{ url, token: 'x' }, 'no url, token or WebSocket'],
    [{ token: 'x', WebSocket: FakeSocket }, 'Invalid URL'],
    [{ url, WebSocket: FakeSocket }, 'no url, token or WebSocket'],
    [{ url: 'ftp://x', token: 'x', WebSocket: FakeSocket }, 'url, token or'],
  ])('refuses options %#', (options, message) => {
    const { WebSocket } = globalThis as { WebSocket?: unknown };
    if (WebSocket !== undefined && !('WebSocket' in options)) return;
    expect(() => new CandlegateClient(options)).toThrow(message);
  });

  it.each(['>>>', '???', 'ab~?'])(
    'leaves it to the gateway to refuse %s as a token',
    async (token) => {
      const client = new CandlegateClient({ url, token, WebSocket: FakeSocket });
      client.subscribe('btcusdt', '1h', () => undefined);
      await settled();
      const [, bearer = ''] = FakeSocket.opened.at(-1)?.protocols ?? [];
      // What a subprotocol may consist of (RFC 6455, section 4.1).
      expect(bearer).toMatch(/^[\w.-]+$/);
      expect(Buffer.from(bearer.split('.').at(-1) ?? '', 'base64url').toString()).toBe(token);
      client.close();
    },
  );

  it('shows a token only to the gateway, and not in the address', async () => {
    const client = new CandlegateClient({ url, token: 'a.secret', WebSocket: FakeSocket });
    const wire: WireMessage[] = [];
    client.on('wire', (message) => wire.push(message));
    const subscription = client.subscribe('btcusdt', '1h', () => undefined);
    expect(subscription.channel).toBe('candles:BTCUSDT:60');
    await settled();
    const socket = FakeSocket.opened.at(-1);
    expect(socket?.url).toBe('wss://candles.example/feed/api/v1/live/ws');
    expect(socket?.protocols).toEqual([
      'candlegate.v1.json',
      `base64url.bearer.authorization.candlegate.${Buffer.from('a.secret').toString('base64url')}`,
    ]);
    socket?.say('open');
    client.updateToken('b.secret');
    expect(socket?.sent.map((text) => (JSON.parse(text) as { type: string }).type)).toEqual([
      'ping',
      'subscribe',
      'auth',
    ]);
    expect(socket?.sent[2]).toContain('b.secret');
    expect(JSON.stringify(wire)).not.toContain('secret');
    // With the last subscription the connection goes, and a script may end.
    subscription.close();
    expect(socket?.isClosed).toBe(true);
    expect(client.state).toEqual({ name: 'idle' });
  });

  it('passes over what it cannot read', async () => {
    const client = new CandlegateClient({ url, token: 'x', WebSocket: FakeSocket });
    client.subscribe('BTCUSDT', '1', () => undefined);
    await settled();
    const socket = FakeSocket.opened.at(-1);
    socket?.say('open');
    socket?.say('message', { data: '{' });
    socket?.say('message', { data: new ArrayBuffer(1) });
    socket?.hear({ type: 'of_a_later_version' });
    expect(client.state.name).toBe('connecting');
    client.close();
  });

  it('goes on trying where a socket cannot even be made', async () => {
    const client = new CandlegateClient({
      url,
      token: 'x',
      fetch: () => Promise.reject(new Error('blocked')),
      WebSocket: class extends FakeSocket {
        constructor(address: string, protocols: string[]) {
          super(address, protocols);
          throw new Error('mixed content');
        }
      },
    });
    client.subscribe('BTCUSDT', '1', () => undefined);
    await settled();
    expect(client.state).toMatchObject({
      name: 'connecting',
      why: 'Error: mixed content',
    });
    client.close();
  });

  it('rejects an iteration whose signal fired before it began', async () => {
    const client = new CandlegateClient({ url, token: 'x', WebSocket: FakeSocket });
    const controller = new AbortController();
    const stream = client.candles('BTCUSDT', '1', { signal: controller.signal });
    controller.abort(new Error('no more'));
    await expect(stream.next()).rejects.toThrow('no more');
    expect(client.state).toEqual({ name: 'idle' });
  });

  it('goes by the old token again when the gateway refuses another', async () => {
    const seen: (string | undefined)[] = [];
    const client = new CandlegateClient({
      url,
      token: 'old',
      WebSocket: FakeSocket,
      fetch: (_address, { headers }) => {
        seen.push(headers['authorization']);
        return Promise.resolve(answer(200, { source: 'bybit', candles: [] }));
      },
    });
    const errors: string[] = [];
    client.on('error', ({ code }) => errors.push(code));
    client.subscribe('BTCUSDT', '1', () => undefined);
    await settled();
    const socket = FakeSocket.opened.at(-1);
    socket?.say('open');
    const auths = () =>
      (socket?.sent ?? [])
        .map((text) => JSON.parse(text) as { type: string; id: string })
        .filter(({ type }) => type === 'auth');
    client.updateToken('bad');
    socket?.hear({ type: 'error', id: auths()[0]?.id, code: 'invalid_token', message: 'no' });
    await client.history('BTCUSDT', '1');
    client.updateToken('good');
    socket?.hear({ type: 'authenticated', id: auths()[1]?.id, expiresAt: 0 });
    await client.history('BTCUSDT', '1');
    expect(seen).toEqual(['Bearer old', 'Bearer good']);
    expect(errors).toEqual(['invalid_token']);
    expect(client.state.name).toBe('connecting');
    client.close();
  });

  it('calls listeners later, and not once they are closed', async () => {
    const client = new CandlegateClient({ url, token: 'x', WebSocket: FakeSocket });
    const ends: string[] = [];
    const open = client.subscribe('BTCUSDT', '1', () => undefined, {
      onEnd: ({ code }) => ends.push(code),
    });
    client.subscribe('ETHUSDT', '1', () => undefined, {
      onEnd: ({ code }) => ends.push(`other ${code}`),
    });
    client.on('state', ({ name }) => {
      if (name === 'closed') open.close();
    });
    client.close();
    expect(ends).toEqual([]);
    await settled();
    expect(ends).toEqual(['closed', 'other closed']);
    open.close();
    await expect(client.history('BTCUSDT', '1')).rejects.toThrow();
  });

  it('lets a provider and a listener call back', async () => {
    const client = new CandlegateClient({
      url,
      WebSocket: FakeSocket,
      token: () => {
        client.close();
        throw new Error('no more');
      },
    });
    const opened = FakeSocket.opened.length;
    const states: string[] = [];
    client.on('state', ({ name }) => {
      states.push(name);
      client.reconnect();
    });
    client.subscribe('BTCUSDT', '1', () => undefined);
    await settled();
    expect(states).toEqual(['connecting', 'closed']);
    expect(FakeSocket.opened).toHaveLength(opened);
  });

  it('asks a provider for another token when history refuses the old one', async () => {
    const asked: string[] = [];
    const seen: unknown[] = [];
    const client = new CandlegateClient({
      url,
      WebSocket: FakeSocket,
      token: ({ purpose }) => {
        asked.push(purpose);
        return purpose === 'refused' ? 'good' : 'old';
      },
      fetch: (address, { headers }) => {
        seen.push(address);
        return Promise.resolve(
          headers['authorization'] === 'Bearer good'
            ? answer(200, { source: 'bybit', candles: [] })
            : answer(401, { code: 'expired_token', title: 'The token has expired.' }),
        );
      },
    });
    await expect(client.history('BTCUSDT', '1', { limit: 5 })).resolves.toEqual([]);
    expect(asked).toEqual(['connect', 'refused']);
    expect(seen[1]).toBe('https://candles.example/feed/api/v1/candles/BTCUSDT/1?limit=5');
  });
});
