import { BlockList, isIP } from 'node:net';

/**
 * An address in its one spelling: IPv4 in dots (also where it came mapped into IPv6, RFC 4291, section
 * 2.5.5.2), IPv6 as RFC 5952 has it, without a zone. Null when the text is none.
 */
export function canonicalAddress(text: string): string | null {
  const [address = ''] = text.split('%', 1);
  const family = isIP(address);
  if (family === 4) return address;
  if (family !== 6) return null;
  // The URL parser writes IPv6 as RFC 5952 wants it, but for dots at the end.
  const spelled = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(spelled);
  if (mapped === null) return spelled;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * What counts as one client: an IPv4 address, or the /64 of an IPv6 one, which is the least that a
 * single host is given (RFC 6177). `2001:db8::1` is counted as `2001:db8::/64`.
 *
 * @param address in its canonical spelling
 */
export function clientNetwork(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const back = tail === '' ? [] : tail.split(':');
    while (front.length + back.length < 8) front.push('0');
    front.push(...back);
  }
  return `${canonicalAddress(`${front.slice(0, 4).join(':')}::`) ?? address}/64`;
}

/** Addresses and networks in CIDR notation. */
export interface AddressList {
  /** @param address in its canonical spelling */
  has(address: string): boolean;
  readonly isEmpty: boolean;
}

/**
 * A network or an address in its canonical spelling (`10.0.0.0/8`, `2001:db8::1`); undefined when it
 * is none.
 */
export function readNetwork(text: string): string | undefined {
  const [address = '', prefix, more] = text.split('/');
  const canonical = address.includes('%') ? null : canonicalAddress(address);
  if (canonical === null || more !== undefined) return undefined;
  if (prefix === undefined) return canonical;
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  const most = isIP(canonical) === 4 ? 32 : 128;
  // `::ffff:10.0.0.0/104` is meant as 10.0.0.0/8.
  const length = isIP(address) === 6 && most === 32 ? bits - 96 : bits;
  return length >= 0 && length <= most ? `${canonical}/${length}` : undefined;
}

/** @param networks as `readNetwork` answers them */
export function createAddressList(networks: readonly string[]): AddressList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return {
    isEmpty: networks.length === 0,
    has: (address) => list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6'),
  };
}
