/** What a subscriber received in one read of its socket. */
export interface ReadBatch {
  /** Each with the pub/sub channel that it came on, in order of arrival. */
  readonly messages: readonly { readonly channel: string; readonly text: string }[];
  /** When the first of them was taken out of the socket. */
  readonly receivedAt: number;
}

/**
 * Gathers the messages of one read. The client emits all messages of a read synchronously, so a
 * microtask runs behind the last of them and before the next read.
 *
 * @param now the clock, ms since 1970
 * @returns to be called with each message
 */
export function gatherReads(
  now: () => number,
  deliver: (batch: ReadBatch) => void,
): (channel: string, text: string) => void {
  const gatheringEnds = Promise.resolve();
  let gathered: { channel: string; text: string }[] = [];
  return (channel, text) => {
    if (gathered.length === 0) {
      const receivedAt = now();
      // Not queueMicrotask, whose asynchronous resource costs five times as much.
      void gatheringEnds.then(() => {
        const messages = gathered;
        gathered = [];
        deliver({ messages, receivedAt });
      });
    }
    gathered.push({ channel, text });
  };
}
