import type { OriginPolicy } from '../auth/origin-policy.ts';
import type { Credential } from '../auth/credential.ts';
import { requestedSubprotocols } from '../auth/credential-source.ts';
import { channelSocketQuery } from '../../candle/rest.ts';
import type { ChannelDirectory } from '../channel-view.ts';
import { lookUpChannel } from '../rest/channel-lookup.ts';
import type { HttpRequest } from '../rest/http.ts';
import { refuse } from '../rest/problem.ts';
import { credentialOf } from '../rest/request-credential.ts';
import { readInteger, readQuery, refuseOtherParameters } from '../rest/query.ts';
import type { SessionRequest } from '../session-factory.ts';
import { checkHandshake } from './handshake.ts';
import type { WebSocketPath } from './websocket-paths.ts';

export interface UpgradePlanDeps {
  readonly origins: OriginPolicy;
  readonly directory: ChannelDirectory;
  /** Subprotocols spoken here; the first is that of clients which ask for none. */
  readonly protocols: readonly [string, ...string[]];
  /** Whether `?token=` counts. */
  readonly queryToken: boolean;
  isDraining(): boolean;
}

/** An upgrade request that lacks nothing but a look at its credential. */
export interface UpgradePlan {
  readonly credential: Credential;
  readonly protocol: string;
  /** What `Sec-WebSocket-Protocol` answers; empty for none. */
  readonly answeredProtocol: string;
  readonly initial: SessionRequest['initial'];
}

/** @throws ProblemError `draining` */
export function refuseWhileDraining(deps: Pick<UpgradePlanDeps, 'isDraining'>): void {
  if (deps.isDraining()) {
    refuse('draining', 'Connect again; another gateway will answer.', { 'Retry-After': '1' });
  }
}

/**
 * All checks before the credential, cheapest first.
 *
 * @throws ProblemError
 */
export function planUpgrade(
  request: HttpRequest,
  path: WebSocketPath,
  deps: UpgradePlanDeps,
): UpgradePlan {
  refuseWhileDraining(deps);
  checkHandshake(request);
  const { headers, query } = request;
  if (!deps.origins.allows(headers.origin, headers.host)) {
    refuse('origin_not_allowed', 'This origin is not on the list of allowed ones.');
  }
  refuseOtherParameters(query, path.kind === 'channel' ? CHANNEL_PARAMETERS : []);
  const initial = path.kind === 'channel' ? readInitial(path, query, deps.directory) : undefined;
  const protocol = chooseProtocol(headers['sec-websocket-protocol'], deps.protocols);
  const credential = credentialOf(request, deps.queryToken);
  if (credential === undefined) {
    refuse('missing_token', 'Present a token in Authorization or Sec-WebSocket-Protocol.');
  }
  return { credential, initial, ...protocol };
}

/** Of the path endpoint; the other one has none. */
const CHANNEL_PARAMETERS = Object.keys(channelSocketQuery) as (keyof typeof channelSocketQuery)[];

function readInitial(
  path: Extract<WebSocketPath, { kind: 'channel' }>,
  query: string,
  directory: ChannelDirectory,
): NonNullable<SessionRequest['initial']> {
  const { channel } = lookUpChannel(directory, path.symbol, path.interval);
  const values = readQuery(query, CHANNEL_PARAMETERS);
  const snapshot = readInteger('snapshot', values.snapshot, channelSocketQuery.snapshot);
  const since = readInteger('since', values.since, channelSocketQuery.since);
  return {
    channel,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(since === undefined ? {} : { since }),
  };
}

/** The client's first choice that is spoken here (RFC 6455, section 4.2.2). */
function chooseProtocol(
  header: string | undefined,
  spoken: readonly [string, ...string[]],
): { readonly protocol: string; readonly answeredProtocol: string } {
  const requested = requestedSubprotocols(header);
  if (requested.length === 0) return { protocol: spoken[0], answeredProtocol: '' };
  const protocol = requested.find((name) => spoken.includes(name));
  if (protocol === undefined) {
    refuse('unsupported_subprotocol', `Spoken here: ${spoken.join(', ')}.`);
  }
  return { protocol, answeredProtocol: protocol };
}
