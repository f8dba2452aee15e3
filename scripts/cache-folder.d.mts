/** A path below the user's cache folder of candlegate; nothing is created. */
export declare function cacheFolder(...parts: string[]): string;
