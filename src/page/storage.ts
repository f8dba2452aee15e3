/** Browser storage that may be forbidden (private windows, policies): then nothing is remembered. */
export interface Memory {
  get(key: string): string | null;
  set(key: string, value: string | null): void;
}

/** @param open e.g. `() => sessionStorage`; even looking at it may throw */
export function createMemory(open: () => Storage): Memory {
  const attempt = <T>(use: (storage: Storage) => T, otherwise: T): T => {
    try {
      return use(open());
    } catch (error) {
      console.debug('This browser remembers nothing for this page.', error);
      return otherwise;
    }
  };
  return {
    get: (key) => attempt((storage) => storage.getItem(`candlegate.${key}`), null),
    set: (key, value) => {
      attempt((storage) => {
        if (value === null) storage.removeItem(`candlegate.${key}`);
        else storage.setItem(`candlegate.${key}`, value);
      }, undefined);
    },
  };
}
