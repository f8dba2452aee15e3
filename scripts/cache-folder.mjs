// What is slow to make and depends on no checkout is kept in the user's cache: built tools and the base
// image.
import { homedir } from 'node:os';
import path from 'node:path';

const CACHE = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'candlegate');

/** @param {...string} parts below the cache */
export function cacheFolder(...parts) {
  return path.join(CACHE, ...parts);
}
