import type { SettingValue } from './setting.ts';
import type { AnySetting } from './settings.ts';

/** What stands in place of a secret. */
export const MASK = '***';

const SECRET_PARAMETER = /pass|token|secret|key|auth|cred/i;

/**
 * A URL without what it can hide: user name, password, and query parameters that look like keys.
 * What is no URL is masked as a whole.
 */
export function maskUrl(text: string): string {
  if (!URL.canParse(text)) return MASK;
  const url = new URL(text);
  if (url.username === '' && url.password === '' && url.search === '' && url.hash === '') {
    return text;
  }
  if (url.username !== '') url.username = MASK;
  if (url.password !== '') url.password = MASK;
  if (url.hash !== '') url.hash = MASK;
  for (const name of new Set(url.searchParams.keys())) {
    if (SECRET_PARAMETER.test(name)) url.searchParams.set(name, MASK);
  }
  return url.href;
}

/** A valid value as it may be shown: lists stay lists, secrets become `***`. */
export function shownValue(setting: AnySetting, value: SettingValue | null): SettingValue | null {
  if (value === null) return null;
  if (setting.shown === 'secret') return MASK;
  if (setting.shown === 'url' && typeof value === 'string') return maskUrl(value);
  return value;
}

const MAX_QUOTED = 60;

/** `, not "…"` for a wrong value that may be repeated in a message, else nothing. */
export function quoteWrongValue(setting: AnySetting, text: string): string {
  if (setting.shown !== undefined) return '';
  const short = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  return `, not ${JSON.stringify(short)}`;
}
