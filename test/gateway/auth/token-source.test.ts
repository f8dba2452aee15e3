import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readToken,
  requestedSubprotocols,
  TOKEN_ENTRY_PREFIX,
} from '../../../src/gateway/auth/token-source.ts';

const nowhere = { authorization: undefined, subprotocols: undefined, queryToken: undefined };
const entry = (token: string): string =>
  TOKEN_ENTRY_PREFIX + Buffer.from(token).toString('base64url');

describe('the place of a token', () => {
  it('is the first that has one: header, subprotocol, query', () => {
    const places = {
      authorization: 'Bearer from-header',
      subprotocols: `candlegate.v1.json, ${entry('from-entry')}`,
      queryToken: 'from-query',
    };
    expect(readToken(places)).toBe('from-header');
    expect(readToken({ ...places, authorization: undefined })).toBe('from-entry');
    expect(readToken({ ...nowhere, queryToken: 'from-query' })).toBe('from-query');
    expect(readToken(nowhere)).toBeUndefined();
  });

  it('is the Bearer scheme in any case; other schemes do not count', () => {
    expect(readToken({ ...nowhere, authorization: 'bearer  abc ' })).toBe('abc');
    expect(readToken({ ...nowhere, authorization: 'Basic YTpi' })).toBeUndefined();
    expect(readToken({ ...nowhere, authorization: 'Bearerabc' })).toBeUndefined();
  });

  it('counts as present when it is empty', () => {
    expect(readToken({ ...nowhere, authorization: 'Bearer', queryToken: 'x' })).toBe('');
    expect(readToken({ ...nowhere, subprotocols: TOKEN_ENTRY_PREFIX })).toBe('');
  });

  it('gives back every ASCII token from a subprotocol entry', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), (token) => {
        expect(readToken({ ...nowhere, subprotocols: `x,${entry(token)},y` })).toBe(token);
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
