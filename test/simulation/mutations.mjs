/**
 * Rules of the product, each broken on purpose: `npm run simulate -- --mutations` shows that the
 * simulation notices. `from` must stand in the file exactly once.
 *
 * @type {readonly { rule: string, file: string, from: string, to: string }[]}
 */
export const MUTATIONS = [
  {
    rule: 'store: a close whose predecessor is missing is refused',
    file: 'src/bus/publish-rule.ts',
    from: "return previous === null || previous === lastClosed ? null : 'gap';",
    to: 'return null;',
  },
  {
    rule: 'store: a lower fence changes nothing',
    file: 'src/bus/publish-rule.ts',
    from: 'if (state !== null && isBelow(fence, state.fence)) return null;',
    to: '',
  },
  {
    rule: 'store: an epoch ends when the store may have forgotten',
    file: 'src/bus/publish-rule.ts',
    from: 'if (state?.replicationId === context.replicationId)',
    to: 'if (state !== null)',
  },
  {
    rule: 'store: a close is taken once',
    file: 'src/bus/publish-rule.ts',
    from: "if (lastClosed !== null && candle.start <= lastClosed) return 'stale';",
    to: '',
  },
  {
    rule: 'store: an update never replaces a newer one',
    file: 'src/bus/publish-rule.ts',
    from: "return times.exchange <= open.times.exchange ? 'stale' : null;",
    to: 'return null;',
  },
  {
    rule: 'hub: a skipped offset is mended from history',
    file: 'src/gateway/hub/channel-state.ts',
    from: 'message.offset > this.#offset + 1',
    to: 'false',
  },
  {
    rule: 'hub: a new epoch is mended from history',
    file: 'src/gateway/hub/channel-state.ts',
    from: 'message.epoch !== this.#epoch',
    to: 'this.#epoch === null',
  },
  {
    rule: 'hub: something new under a used offset is mended from history',
    file: 'src/gateway/hub/channel-state.ts',
    from: "if (this.#known.isNews(message)) this.#repairFor('regression', received, effects);\n      else",
    to: '',
  },
  {
    rule: 'hub: a close must follow the one before',
    file: 'src/gateway/hub/channel-state.ts',
    from: 'message.candle.confirm && !this.#known.follows(message)',
    to: 'false',
  },
  {
    rule: 'hub: a head of the leader that is ahead is looked into',
    file: 'src/gateway/hub/channel-state.ts',
    from: 'this.#suspect === null && this.#isAhead(head)',
    to: 'false',
  },
  {
    rule: 'hub: history is read after every subscription',
    file: 'src/gateway/hub/channel-state.ts',
    from: "this.#startRepair('subscription', null, this.#newHeld(), now, effects);",
    to: 'this.#hasReadHistory = true;',
  },
  {
    rule: 'hub: history must reach what caused the repair',
    file: 'src/gateway/hub/channel-state.ts',
    from: 'if (target !== null && !reaches(answer?.head, target)) {',
    to: 'if (target === null && reaches(answer?.head, { epoch: "", offset: 0 })) {',
  },
  {
    rule: 'hub: nothing is delivered while a repair is under way',
    file: 'src/gateway/hub/channel-state.ts',
    from: 'this.#hold(this.#repair, received, effects);\n      return effects;',
    to: 'this.#hold(this.#repair, received, effects);\n      this.#take(received, "live", effects);\n      return effects;',
  },
  {
    rule: 'hub: what was held is delivered after the repair',
    file: 'src/gateway/hub/channel-state.ts',
    from: 'for (const received of held.closes) {',
    to: 'for (const received of [] as typeof held.closes) {',
  },
  {
    rule: 'hub: a hole in history is noticed',
    file: 'src/gateway/hub/known-candles.ts',
    from: 'if (!isLinked) before = start;',
    to: '',
  },
  {
    rule: 'hub: what lies before a hole is never shown as one history',
    file: 'src/gateway/hub/closed-history.ts',
    from: 'if (!this.#isLinked(index)) this.#runStart = index;',
    to: '',
  },
  {
    rule: 'hub: a close is vouched for one whole turn after it was published',
    file: 'src/gateway/hub/settled-closes.ts',
    from: 'this.#defer(() => {\n      for (const { channel, value } of settling) channel.settled = value;\n    });',
    to: 'for (const { channel, value } of settling) channel.settled = value;',
  },
  {
    rule: 'session: after a drop everything uncertain is sent again',
    file: 'src/gateway/session/channel-delivery.ts',
    from: 'this.#position = this.view.settledClose();',
    to: 'this.#position = this.view.head().lastClosed;',
  },
  {
    rule: 'session: a socket that dropped leaves the fast path',
    file: 'src/gateway/session/socket-delivery.ts',
    from: "this.#suspend('dropped');",
    to: '',
  },
  {
    rule: 'session: it leaves before anything else is published',
    file: 'src/gateway/session/pending-leaves.ts',
    from: 'for (const socket of this.#sockets) socket.settleDrop();',
    to: 'void 0;',
  },
  {
    rule: 'session: a socket joins only after the last part',
    file: 'src/gateway/session/channel-delivery.ts',
    from: 'return part.more ? undefined : this.#sentCandles;',
    to: 'return this.#sentCandles;',
  },
  {
    rule: 'session: a part that was dropped is sent again',
    file: 'src/gateway/session/socket-delivery.ts',
    from: "if (this.#transport.send(frame) === 'dropped') return undefined;",
    to: 'this.#transport.send(frame);',
  },
  {
    rule: 'session: a resume begins at `since`',
    file: 'src/gateway/session/channel-delivery.ts',
    from: 'this.#position = recovered ? since : null;',
    to: 'this.#position = recovered ? head.lastClosed : null;',
  },
  {
    rule: 'session: what history lost is said to be lost',
    file: 'src/gateway/hub/closed-history.ts',
    from: 'return follows(this.#interval, since, oldest.start, this.#previous[this.#runStart]);',
    to: 'return true;',
  },
  {
    rule: 'session: subscribers of a channel with a hole are closed',
    file: 'src/gateway/session/sessions.ts',
    from: 'if (session.holds(channel)) session.closeForHole();',
    to: '',
  },
  {
    rule: 'session: no heartbeat runs ahead of what was sent',
    file: 'src/gateway/session/socket-delivery.ts',
    from: 'return this.#channels.some((channel) => channel.isReady());',
    to: "return this.#channels.some((channel) => channel.phase === 'owed');",
  },
  {
    rule: 'ingest: the exchange’s history is not believed before it settles',
    file: 'src/ingest/missing-closes.ts',
    from: 'export const REST_SETTLE_MS = 2_000;',
    to: 'export const REST_SETTLE_MS = 0;',
  },
  {
    rule: 'ingest: missing closes are fetched',
    file: 'src/ingest/missing-closes.ts',
    from: 'return { from: missing, to: this.#window.missingRunEnd(missing, final) };',
    to: 'return null;',
  },
  {
    rule: 'ingest: a close is published again until it is acknowledged',
    file: 'src/ingest/channel-feed.ts',
    from: "if (result === undefined || result.status === 'failed') continue;",
    to: `if (result === undefined || result.status === 'failed') {
        if (this.#head !== null && publication.candle.confirm) {
          this.#head = { ...this.#head, lastClosed: publication.candle.start };
        }
        continue;
      }`,
  },
  {
    rule: 'ingest: closes leave in order',
    file: 'src/ingest/closed-window.ts',
    from: 'if (start >= givenUpBefore) return { ready, missing: start };\n        previous = null;',
    to: '',
  },
  {
    rule: 'ingest: the first confirmed version is final',
    file: 'src/ingest/channel-feed.ts',
    from: "if (known !== undefined) return sameCandle(known.candle, candle) ? 'duplicate' : 'differs';",
    to: '',
  },
  {
    rule: 'ingest: an empty store is seeded without a hole',
    file: 'src/ingest/closed-window.ts',
    from: 'while (start >= oldest && !this.isMissing(start)) {',
    to: 'while (start >= oldest) {',
  },
  {
    rule: 'ingest: a worker publishes only under a lease that may still hold',
    file: 'src/ingest/leadership.ts',
    from: 'return this.#deps.clock.now() < this.#validUntil ? this.#fence : null;',
    to: 'return this.#fence;',
  },
  {
    rule: 'ingest: a new epoch makes the open candle unknown',
    file: 'src/ingest/channel-feed.ts',
    from: 'if (this.#head !== null && this.#head.epoch !== head.epoch) this.#publishedOpen = null;',
    to: '',
  },
];
