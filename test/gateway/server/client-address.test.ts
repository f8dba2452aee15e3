import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientAddress } from '../../../src/gateway/server/client-address.ts';
import {
  canonicalAddress,
  clientNetwork,
  createAddressList,
  readNetwork,
} from '../../../src/net/ip-address.ts';
import { goodToken, HANDSHAKE, MULTIPLEX, raw, startServer, type Harness } from './harness.ts';

const PROXIES = createAddressList(['10.0.0.0/8', '2001:db8:ffff::/48']);

function addressOf(
  peer: string,
  more: {
    forwardedFor?: string;
    forwarded?: string;
    proxied?: string;
    proxyProtocol?: boolean;
  } = {},
): string {
  const { forwardedFor, forwarded, proxied = '', proxyProtocol = false } = more;
  return clientAddress(
    { peer, proxied, forwardedFor, forwarded },
    { trustedProxies: PROXIES, proxyProtocol },
  );
}

describe('the address of a client', () => {
  it.each([
    ['the peer, when it is no proxy', '192.0.2.1', {}, '192.0.2.1'],
    [
      'the peer, whatever it says of itself',
      '192.0.2.1',
      { forwardedFor: '203.0.113.9' },
      '192.0.2.1',
    ],
    ['the peer, mapped into IPv6', '0000:0000:0000:0000:0000:ffff:c000:0201', {}, '192.0.2.1'],
    ['what the proxy says', '10.0.0.1', { forwardedFor: '203.0.113.9' }, '203.0.113.9'],
    [
      'the right-most untrusted hop',
      '10.0.0.1',
      { forwardedFor: '6.6.6.6, 203.0.113.9,10.1.1.1' },
      '203.0.113.9',
    ],
    [
      'the left-most hop, where all are trusted',
      '10.0.0.1',
      { forwardedFor: '10.2.2.2, 10.1.1.1' },
      '10.2.2.2',
    ],
    ['the proxy, when it tells nothing', '10.0.0.1', {}, '10.0.0.1'],
    [
      'the last known proxy before nonsense',
      '10.0.0.1',
      { forwardedFor: '203.0.113.9, junk, 10.1.1.1' },
      '10.1.1.1',
    ],
    ['without its port', '10.0.0.1', { forwardedFor: '203.0.113.9:4711' }, '203.0.113.9'],
    ['of IPv6 in brackets', '10.0.0.1', { forwardedFor: '[2001:DB8:0::1]:4711' }, '2001:db8::1'],
    [
      'of Forwarded',
      '10.0.0.1',
      { forwarded: 'for=6.6.6.6, for="[2001:db8::7]:1";proto=https' },
      '2001:db8::7',
    ],
    [
      'of Forwarded with tricks in quotes',
      '10.0.0.1',
      { forwarded: 'for="6.6.6.6, for=1.2.3.4";by=x, For=203.0.113.9' },
      '203.0.113.9',
    ],
    [
      'the proxy, when Forwarded hides it',
      '10.0.0.1',
      { forwarded: 'for=_hidden;by=10.0.0.1' },
      '10.0.0.1',
    ],
    [
      'of both headers, when they agree',
      '10.0.0.1',
      { forwardedFor: '203.0.113.9', forwarded: 'for=203.0.113.9' },
      '203.0.113.9',
    ],
    [
      'the proxy, when they do not',
      '10.0.0.1',
      { forwardedFor: '6.6.6.6', forwarded: 'for=203.0.113.9' },
      '10.0.0.1',
    ],
    [
      'of the PROXY protocol, when it is on',
      '10.0.0.1',
      { proxied: '203.0.113.9', proxyProtocol: true },
      '203.0.113.9',
    ],
    [
      'not of the PROXY protocol, when it is off',
      '10.0.0.1',
      { proxied: '203.0.113.9' },
      '10.0.0.1',
    ],
    [
      'not of the PROXY protocol, from a stranger',
      '192.0.2.1',
      { proxied: '203.0.113.9', proxyProtocol: true },
      '192.0.2.1',
    ],
  ])('is %s', (_name, peer, more, expected) => {
    expect(addressOf(peer, more)).toBe(expected);
  });

  const ipv4 = fc.ipV4();
  const outside = ipv4.filter((address) => !PROXIES.has(address));
  const inside = fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.${a}.${b}.1`);

  it('cannot be chosen by the client, whatever it writes to the left', () => {
    const written = fc.array(fc.oneof(ipv4, inside, fc.string(), fc.ipV6()), { maxLength: 5 });
    fc.assert(
      fc.property(
        written,
        outside,
        fc.array(inside, { maxLength: 3 }),
        inside,
        (lies, client, hops, peer) => {
          const forwardedFor = [
            ...lies.map((lie) => lie.replaceAll(/[\r\n]/g, '')),
            client,
            ...hops,
          ].join(', ');
          expect(addressOf(peer, { forwardedFor })).toBe(client);
          const forwarded = [
            ...lies.map((lie) => lie.replaceAll(/[\r\n"\\]/g, '')),
            `for=${client}`,
            ...hops.map((hop) => `for="${hop}:80";proto=http`),
          ].join(', ');
          expect(addressOf(peer, { forwarded })).toBe(client);
          // And nobody but a proxy is listened to.
          expect(
            addressOf(client, {
              forwardedFor,
              forwarded,
              proxied: '10.0.0.1',
              proxyProtocol: true,
            }),
          ).toBe(client);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is found whatever the headers are', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), inside, (forwardedFor, forwarded, peer) => {
        const address = addressOf(peer, { forwardedFor, forwarded });
        expect(canonicalAddress(address)).toBe(address);
      }),
      { numRuns: 300 },
    );
  });
});

describe('addresses', () => {
  it('have one spelling', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = canonicalAddress(text);
        expect(address).not.toBeNull();
        expect(canonicalAddress(address ?? '')).toBe(address);
        expect(clientNetwork(address ?? '')).toMatch(/^[\d.]+$|::\/64$|:\/64$|\/64$/);
      }),
    );
    expect(canonicalAddress('::FFFF:192.0.2.1')).toBe('192.0.2.1');
    expect(canonicalAddress('fe80::1%eth0')).toBe('fe80::1');
    for (const text of ['', 'localhost', '1.2.3', '1.2.3.4.5', '::g', '1.2.3.4%']) {
      expect(canonicalAddress(text) === null || text === '1.2.3.4%').toBe(true);
    }
  });

  it('of IPv6 count by their /64', () => {
    expect(clientNetwork('2001:db8:1:2:aaaa::1')).toBe('2001:db8:1:2::/64');
    expect(clientNetwork('2001:db8:1:2::')).toBe('2001:db8:1:2::/64');
    expect(clientNetwork('2001:db8::1')).toBe('2001:db8::/64');
    expect(clientNetwork('::1')).toBe('::/64');
    expect(clientNetwork('192.0.2.1')).toBe('192.0.2.1');
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 });
    const hex = (values: number[]) => values.map((value) => value.toString(16)).join(':');
    fc.assert(
      fc.property(groups, groups, groups, (network, one, other) => {
        fc.pre(network.some((value) => value !== 0));
        const of = (host: number[]) =>
          clientNetwork(canonicalAddress(`${hex(network)}:${hex(host)}`) ?? '');
        expect(of(one)).toBe(of(other));
        const next = [...network.slice(0, 3), ((network[3] ?? 0) + 1) % 0x10000];
        expect(of(one)).not.toBe(clientNetwork(canonicalAddress(`${hex(next)}:${hex(one)}`) ?? ''));
      }),
    );
  });

  it('and networks are read, and nothing else', () => {
    expect(readNetwork('10.0.0.0/8')).toBe('10.0.0.0/8');
    expect(readNetwork('2001:DB8::/32')).toBe('2001:db8::/32');
    expect(readNetwork('::ffff:10.0.0.0/104')).toBe('10.0.0.0/8');
    expect(readNetwork('192.0.2.1')).toBe('192.0.2.1');
    for (const text of [
      '10.0.0.0/33',
      '2001:db8::/129',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      'proxy',
      '',
    ]) {
      expect(readNetwork(text)).toBeUndefined();
    }
  });
});

describe('over real connections', () => {
  let open: Harness;
  let behind: Harness;
  const limits = { connectionsPerIp: 1 };
  beforeAll(async () => {
    open = await startServer({ limits, proxyProtocol: true });
    behind = await startServer({ limits, trustedProxies: ['127.0.0.1'], proxyProtocol: true });
  });
  afterAll(() => {
    open.server.close();
    behind.server.close();
  });

  async function status(harness: Harness, headers: Record<string, string>): Promise<number> {
    const Authorization = `Bearer ${await goodToken()}`;
    const answer = await raw(harness.port, MULTIPLEX, { ...HANDSHAKE, Authorization, ...headers });
    return answer.status;
  }

  /** A handshake behind a header of the PROXY protocol; the socket stays open. */
  async function proxied(harness: Harness, source: readonly number[]): Promise<number> {
    const header = Buffer.concat([
      Buffer.from('0d0a0d0a000d0a515549540a', 'hex'),
      // Version 2, PROXY; TCP over IPv4; 12 bytes: source, destination, ports.
      Buffer.from([0x21, 0x11, 0, 12, ...source, 127, 0, 0, 1, 0x12, 0x34, 0x1f, 0x40]),
    ]);
    const token = await goodToken();
    const lines = Object.entries({ Host: 'x', ...HANDSHAKE, Authorization: `Bearer ${token}` });
    const socket = connect(harness.port, '127.0.0.1');
    sockets.push(socket);
    socket.write(
      Buffer.concat([
        header,
        Buffer.from(
          `GET ${MULTIPLEX} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
        ),
      ]),
    );
    const [line] = await new Promise<[Buffer]>((resolve, reject) => {
      socket.once('data', (data: Buffer) => resolve([data]));
      socket.once('error', reject);
    });
    return Number(line.toString().split(' ')[1]);
  }
  const sockets: ReturnType<typeof connect>[] = [];
  afterAll(() => sockets.forEach((socket) => socket.destroy()));

  it('a client that lies about its address is counted by its own', async () => {
    expect(await proxied(open, [203, 0, 113, 1])).toBe(101);
    expect(await proxied(open, [203, 0, 113, 2])).toBe(429);
    expect(await status(open, { 'X-Forwarded-For': '203.0.113.3' })).toBe(429);
    expect(await status(open, { Forwarded: 'for=203.0.113.4' })).toBe(429);
  });

  it('a trusted proxy is believed, as to the last hop before it', async () => {
    expect(await proxied(behind, [203, 0, 113, 1])).toBe(101);
    expect(await proxied(behind, [203, 0, 113, 1])).toBe(429);
    expect(await proxied(behind, [203, 0, 113, 2])).toBe(101);
    // The client's own word stands to the left.
    expect(await status(behind, { 'X-Forwarded-For': '198.51.100.1, 203.0.113.1' })).toBe(429);
    expect(await status(behind, { 'X-Forwarded-For': '203.0.113.1, 198.51.100.1' })).toBe(101);
  });
});
