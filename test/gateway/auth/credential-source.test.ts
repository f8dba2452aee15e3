import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Credential } from '../../../src/gateway/auth/credential.ts';
import {
  readCredential,
  requestedSubprotocols,
  TOKEN_ENTRY_PREFIX,
  type CredentialPlaces,
} from '../../../src/gateway/auth/credential-source.ts';

const nowhere: CredentialPlaces = {
  authorization: undefined,
  apiKey: undefined,
  subprotocols: undefined,
  queryTicket: undefined,
  queryToken: undefined,
};
const entry = (token: string): string =>
  TOKEN_ENTRY_PREFIX + Buffer.from(token).toString('base64url');
const tokenOf = (token: string): Credential => ({ kind: 'token', token });

describe('the place of a credential', () => {
  it('is the first that has one: header, API key, subprotocol, ticket, query', () => {
    let places: CredentialPlaces = {
      authorization: 'Bearer from-header',
      apiKey: 'key',
      subprotocols: `candlegate.v1.json, ${entry('from-entry')}`,
      queryTicket: 'ticket',
      queryToken: 'from-query',
    };
    expect(readCredential(places)).toEqual({ kind: 'token', token: 'from-header' });
    places = { ...places, authorization: undefined };
    expect(readCredential(places)).toEqual({ kind: 'apiKey', key: 'key' });
    places = { ...places, apiKey: undefined };
    expect(readCredential(places)).toEqual({ kind: 'token', token: 'from-entry' });
    places = { ...places, subprotocols: 'candlegate.v1.json' };
    expect(readCredential(places)).toEqual({ kind: 'ticket', ticket: 'ticket' });
    places = { ...places, queryTicket: undefined };
    expect(readCredential(places)).toEqual({ kind: 'token', token: 'from-query' });
    expect(readCredential(nowhere)).toBeUndefined();
  });

  it('is the Bearer scheme in any case; other schemes do not count', () => {
    expect(readCredential({ ...nowhere, authorization: 'bearer  abc ' })).toEqual(tokenOf('abc'));
    expect(readCredential({ ...nowhere, authorization: 'Basic YTpi' })).toBeUndefined();
    expect(readCredential({ ...nowhere, authorization: 'Bearerabc' })).toBeUndefined();
  });

  it('counts as present when it is empty', () => {
    expect(readCredential({ ...nowhere, authorization: 'Bearer', queryToken: 'x' })).toEqual(
      tokenOf(''),
    );
    expect(readCredential({ ...nowhere, subprotocols: TOKEN_ENTRY_PREFIX })).toEqual(tokenOf(''));
  });

  it('gives back every ASCII token from a subprotocol entry', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), (token) => {
        const subprotocols = `x,${entry(token)},y`;
        expect(readCredential({ ...nowhere, subprotocols })).toEqual(tokenOf(token));
      }),
    );
  });
});

describe('requested subprotocols', () => {
  it('leave out tokens and empty entries and keep the order of the client', () => {
    expect(requestedSubprotocols(`b, ${entry('t')},, a`)).toEqual(['b', 'a']);
    expect(requestedSubprotocols(undefined)).toEqual([]);
  });
});
