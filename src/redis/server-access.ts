import type { RedisOptions } from 'ioredis';

/** Texts in PEM. */
export interface TlsMaterial {
  /** Authorities that servers' certificates must come from, instead of those that the system trusts. */
  readonly ca?: string | undefined;
  /** Our own certificate and its key, for servers that ask for one; both or none. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** Who we are and how we talk, apart from where to. */
export type ServerAccess = Pick<RedisOptions, 'username' | 'password' | 'db' | 'tls'>;

/** Reads user, password, database and TLS from a `redis://` or `rediss://` URL. */
export function accessOf(url: string, tls: TlsMaterial | undefined): ServerAccess {
  const { protocol, username, password, pathname, host } = new URL(url);
  const database = host === '' ? '' : pathname.slice(1);
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(database === '' ? {} : { db: Number(database) }),
    ...(protocol === 'rediss:' ? { tls: tlsOptions(tls) } : {}),
  };
}

function tlsOptions({ ca, certificate, key }: TlsMaterial = {}) {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
  };
}
