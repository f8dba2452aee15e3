/** What stands in a log line in place of a secret. */
export const REDACTED = '[redacted]';

const SECRET_MEMBERS = [
  'token',
  'ticket',
  'apiKey',
  '["x-api-key"]',
  'authorization',
  'cookie',
  'secret',
  'jwtSecret',
  'password',
  '["sec-websocket-protocol"]',
  // Of a Redis command that failed: `AUTH` has the password.
  'command.args',
];

/** Members that are never logged, up to two levels deep (`req.headers.authorization`). */
export const SECRET_PATHS: readonly string[] = SECRET_MEMBERS.flatMap((member) => {
  const tail = member.startsWith('[') ? member : `.${member}`;
  return [member, `*${tail}`, `*.*${tail}`];
});

/** What is printed for such a member. A number is no secret: the `token` of a fence is one. */
export function censor(value: unknown): unknown {
  return typeof value === 'number' ? value : REDACTED;
}

/** A JWT, also when it has been encoded once more in base64url for a subprotocol entry. */
const TOKEN = /\b(?:eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?|base64url\.bearer\.authorization\.[\w.-]+)/g;
/** What we make ourselves: API keys, whose id may be seen, and tickets. */
const OWN_SECRET = /\b(cgk_[0-9a-z]+_|cgt_)[0-9A-Za-z]{8,}/g;
const QUERY_TOKEN = /([?&](?:token|access_token|ticket)=)[^&\s"'\\]+/gi;
const USER_INFO = /(\b[a-z][a-z0-9+.-]*:\/\/)[^/?#@\s"']+@/gi;

/** The line without what looks like a secret in the middle of a text: tokens, passwords in URLs. */
export function censorSecrets(line: string): string {
  return line
    .replace(TOKEN, REDACTED)
    .replace(OWN_SECRET, `$1${REDACTED}`)
    .replace(QUERY_TOKEN, `$1${REDACTED}`)
    .replace(USER_INFO, `$1${REDACTED}@`);
}
