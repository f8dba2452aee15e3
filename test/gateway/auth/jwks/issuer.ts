import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';

/** An identity provider: keys that rotate, and an address that can do everything wrong. */
export class Issuer {
  readonly #server: Server;
  readonly #private = new Map<string, KeyObject>();
  /** What the address serves; tests replace it. */
  keys: object[] = [];
  /** How the address answers. */
  answer: RequestListener;
  /** Requests that came. */
  requests = 0;

  constructor() {
    this.answer = this.serveKeys;
    this.#server = createServer((request, response) => {
      this.requests += 1;
      this.answer(request, response);
    });
  }

  readonly serveKeys: RequestListener = (_request, response) => {
    response.setHeader('content-type', 'application/jwk-set+json');
    response.end(JSON.stringify({ keys: this.keys }));
  };

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/jwks`;
  }

  /** Makes an Ed25519 key; `publish` puts it on the address. */
  makeKey(kid: string, publish = true): void {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.#private.set(kid, privateKey);
    if (publish) this.keys.push({ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' });
  }

  /** A token signed with a key that was made, published or not. */
  token(kid: string, claims: Record<string, unknown> = {}, nameKey = true): Promise<string> {
    const key = this.#private.get(kid);
    if (key === undefined) throw new Error(`no key ${kid}`);
    const iat = Math.floor(Date.now() / 1000);
    return new SignJWT({ sub: 'alice', iat, exp: iat + 3600, ...claims })
      .setProtectedHeader({ alg: 'EdDSA', ...(nameKey ? { kid } : {}) })
      .sign(key);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
