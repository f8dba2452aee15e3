/**
 * Rules of the product, each broken on purpose: `npm run simulate -- --mutations` shows whether the
 * simulation notices. Where several rules guard the same promise, one alone is not missed (`guardedBy`
 * says what else holds); then all of them are broken together as well. Each `from` must stand in its
 * file exactly once.
 *
 * @typedef {{ file: string, from: string, to: string }} Edit
 * @type {readonly { rule: string, edits: readonly Edit[], guardedBy?: string }[]}
 */
export const MUTATIONS = [
  {
    rule: 'store: a close whose predecessor is missing is refused',
    edits: [
      {
        file: 'src/bus/publish-rule.ts',
        from: "return previous === null || previous === lastClosed ? null : 'gap';",
        to: 'return null;',
      },
    ],
  },
  {
    rule: 'store: a lower fence changes nothing',
    edits: [
      {
        file: 'src/bus/publish-rule.ts',
        from: 'if (state !== null && isBelow(fence, state.fence)) return null;',
        to: '',
      },
    ],
  },
  {
    rule: 'store: an epoch ends when the store may have forgotten',
    edits: [
      {
        file: 'src/bus/publish-rule.ts',
        from: 'if (state?.replicationId === context.replicationId)',
        to: 'if (state !== null)',
      },
    ],
  },
  {
    rule: 'store: a close is taken once',
    edits: [
      {
        file: 'src/bus/publish-rule.ts',
        from: "if (lastClosed !== null && candle.start <= lastClosed) return 'stale';",
        to: '',
      },
    ],
    guardedBy: 'a repeat names another one before it and is refused as a gap',
  },
  {
    rule: 'store: an update never replaces a newer one',
    edits: [
      {
        file: 'src/bus/publish-rule.ts',
        from: "return times.exchange <= open.times.exchange ? 'stale' : null;",
        to: 'return null;',
      },
    ],
    guardedBy: 'ingest itself publishes no update older than one that the store has',
  },
  {
    rule: 'hub: a skipped offset is mended from history',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'message.offset > this.#offset + 1',
        to: 'false',
      },
    ],
    guardedBy: 'the link of the next close, and the leader’s heads',
  },
  {
    rule: 'hub: a new epoch is mended from history',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'message.epoch !== this.#epoch',
        to: 'this.#epoch === null',
      },
    ],
    guardedBy: 'offsets that begin anew, links, and the leader’s heads',
  },
  {
    rule: 'hub: something new under a used offset is mended from history',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: "if (this.#known.isNews(message)) this.#repairFor('regression', received, effects);\n      else",
        to: '',
      },
    ],
    guardedBy: 'epochs, links, and the leader’s heads',
  },
  {
    rule: 'hub: a close must follow the one before',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'message.candle.confirm && !this.#known.follows(message)',
        to: 'false',
      },
    ],
    guardedBy: 'the offset that was skipped',
  },
  {
    rule: 'hub: a head of the leader that is ahead is looked into',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'this.#suspect === null && this.#isAhead(head)',
        to: 'false',
      },
    ],
  },
  {
    rule: 'hub: history is read after every subscription',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: "this.#startRepair('subscription', null, this.#newHeld(), now, effects);",
        to: 'this.#hasReadHistory = true;',
      },
    ],
    guardedBy: 'offsets, links, and the leader’s heads',
  },
  {
    rule: 'hub: history must reach what caused the repair',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'if (target !== null && !reaches(answer?.head, target)) {',
        to: 'if (target === null && reaches(answer?.head, { epoch: "", offset: 0 })) {',
      },
    ],
    guardedBy: 'what was held, links, and the leader’s heads',
  },
  {
    rule: 'hub: nothing is delivered while a repair is under way',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'this.#hold(this.#repair, received, effects);\n      return effects;',
        to: 'this.#hold(this.#repair, received, effects);\n      this.#take(received, "live", effects);\n      return effects;',
      },
    ],
  },
  {
    rule: 'hub: what was held is delivered after the repair',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'for (const received of held.closes) {',
        to: 'for (const received of [] as typeof held.closes) {',
      },
    ],
    guardedBy: 'history that is read late has it; links, and the leader’s heads',
  },
  {
    rule: 'hub: a hole in history is noticed',
    edits: [
      {
        file: 'src/gateway/hub/known-candles.ts',
        from: 'if (!isLinked) before = start;',
        to: '',
      },
    ],
  },
  {
    rule: 'hub: what lies before a hole is never shown as one history',
    edits: [
      {
        file: 'src/gateway/hub/closed-history.ts',
        from: 'if (!this.#isLinked(index)) this.#runStart = index;',
        to: '',
      },
    ],
  },
  {
    rule: 'hub: a close is vouched for one whole turn after it was published',
    edits: [
      {
        file: 'src/gateway/hub/settled-closes.ts',
        from: 'this.#defer(() => {\n      for (const { channel, value } of settling) channel.settled = value;\n    });',
        to: 'for (const { channel, value } of settling) channel.settled = value;',
      },
    ],
  },
  {
    rule: 'session: after a drop everything uncertain is sent again',
    edits: [
      {
        file: 'src/gateway/session/channel-delivery.ts',
        from: 'this.#position = this.view.settledClose();',
        to: 'this.#position = this.view.head().lastClosed;',
      },
    ],
  },
  {
    rule: 'session: a socket that dropped leaves the fast path',
    edits: [
      {
        file: 'src/gateway/session/socket-delivery.ts',
        from: "this.#suspend('dropped');",
        to: '',
      },
    ],
  },
  {
    rule: 'session: it leaves before anything else is published',
    edits: [
      {
        file: 'src/gateway/session/pending-leaves.ts',
        from: 'for (const socket of this.#sockets) socket.settleDrop();',
        to: 'void 0;',
      },
    ],
  },
  {
    rule: 'session: a socket joins only after the last part',
    edits: [
      {
        file: 'src/gateway/session/channel-delivery.ts',
        from: 'return part.more ? undefined : this.#sentCandles;',
        to: 'return this.#sentCandles;',
      },
    ],
  },
  {
    rule: 'session: a part that was dropped is sent again',
    edits: [
      {
        file: 'src/gateway/session/socket-delivery.ts',
        from: "if (this.#transport.send(frame) === 'dropped') return undefined;",
        to: 'this.#transport.send(frame);',
      },
    ],
    guardedBy: 'nothing is sent while the buffer is above its low water',
  },
  {
    rule: 'session: a resume begins at `since`',
    edits: [
      {
        file: 'src/gateway/session/channel-delivery.ts',
        from: 'this.#position = recovered ? since : null;',
        to: 'this.#position = recovered ? head.lastClosed : null;',
      },
    ],
  },
  {
    rule: 'session: what history lost is said to be lost',
    edits: [
      {
        file: 'src/gateway/hub/closed-history.ts',
        from: 'return follows(this.#interval, since, oldest.start, this.#previous[this.#runStart]);',
        to: 'return true;',
      },
    ],
  },
  {
    rule: 'session: subscribers of a channel with a hole are closed',
    edits: [
      {
        file: 'src/gateway/session/sessions.ts',
        from: 'if (session.holds(channel)) session.closeForHole();',
        to: '',
      },
    ],
  },
  {
    rule: 'session: no heartbeat runs ahead of what was sent',
    edits: [
      {
        file: 'src/gateway/session/socket-delivery.ts',
        from: 'return this.#channels.some((channel) => channel.isReady());',
        to: "return this.#channels.some((channel) => channel.phase === 'owed');",
      },
    ],
  },
  {
    rule: 'ingest: the exchange’s history is not believed before it settles',
    edits: [
      {
        file: 'src/ingest/missing-closes.ts',
        from: 'export const REST_SETTLE_MS = 2_000;',
        to: 'export const REST_SETTLE_MS = 0;',
      },
    ],
  },
  {
    rule: 'ingest: missing closes are fetched',
    edits: [
      {
        file: 'src/ingest/missing-closes.ts',
        from: 'return { from: missing, to: this.#window.missingRunEnd(missing, final) };',
        to: 'return null;',
      },
    ],
  },
  {
    rule: 'ingest: a row that is missing from one answer may only be late',
    edits: [
      {
        file: 'src/ingest/absences.ts',
        from: 'if (start > newestRow || this.#heard.has(start)) return false;',
        to: 'if (start >= 0) return true;',
      },
    ],
  },
  {
    rule: 'ingest: a closed candle is taken not to exist when a second answer agrees, not before',
    edits: [
      {
        file: 'src/ingest/absences.ts',
        from: 'if (start > newestRow || this.#heard.has(start)) return false;',
        to: 'if (start > newestRow) return false;',
      },
      {
        file: 'src/ingest/absences.ts',
        from: 'if (since === undefined) {',
        to: 'if (start < 0) {',
      },
    ],
  },
  {
    rule: 'ingest: a close is published again until it is acknowledged',
    edits: [
      {
        file: 'src/ingest/channel-feed.ts',
        from: "if (result === undefined || result.status === 'failed') continue;",
        to: "if (result === undefined || result.status === 'failed') {\n        if (this.#head !== null && publication.candle.confirm) {\n          this.#head = { ...this.#head, lastClosed: publication.candle.start };\n        }\n        continue;\n      }",
      },
    ],
    guardedBy: 'the store names its last close in every answer, and ingest goes on after that',
  },
  {
    rule: 'ingest: closes leave in order',
    edits: [
      {
        file: 'src/ingest/closed-window.ts',
        from: 'if (start >= givenUpBefore) return { ready, missing: start };',
        to: 'if (start >= givenUpBefore) {\n          start = nextStart(this.#interval, start);\n          continue;\n        }',
      },
    ],
  },
  {
    rule: 'ingest: the first confirmed version is final',
    edits: [
      {
        file: 'src/ingest/channel-feed.ts',
        from: "if (known !== undefined) return sameCandle(known.candle, candle) ? 'duplicate' : 'differs';",
        to: '',
      },
    ],
    guardedBy: 'the store takes the first version only',
  },
  {
    rule: 'ingest: an empty store is seeded without a hole',
    edits: [
      {
        file: 'src/ingest/closed-window.ts',
        from: 'while (start >= oldest && !this.isMissing(start)) {',
        to: 'while (start >= oldest) {',
      },
    ],
  },
  {
    rule: 'ingest: a worker publishes only under a lease that may still hold',
    edits: [
      {
        file: 'src/ingest/leadership.ts',
        from: 'return this.#deps.clock.now() < this.#validUntil ? this.#fence : null;',
        to: 'return this.#fence;',
      },
    ],
    guardedBy: 'the fence in the store',
  },
  {
    rule: 'ingest: a new epoch makes the open candle unknown',
    edits: [
      {
        file: 'src/ingest/channel-feed.ts',
        from: 'if (this.#head !== null && this.#head.epoch !== head.epoch) this.#publishedOpen = null;',
        to: '',
      },
    ],
  },
  {
    rule: 'hub: neither a skipped offset nor a broken link is mended',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'message.offset > this.#offset + 1',
        to: 'false',
      },
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'message.candle.confirm && !this.#known.follows(message)',
        to: 'false',
      },
    ],
  },
  {
    rule: 'hub: nothing but the leader’s head starts a repair after a loss',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'message.offset > this.#offset + 1',
        to: 'false',
      },
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'message.candle.confirm && !this.#known.follows(message)',
        to: 'false',
      },
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: "this.#startRepair('subscription', null, this.#newHeld(), now, effects);",
        to: 'this.#hasReadHistory = true;',
      },
    ],
  },
  {
    rule: 'hub: neither a new epoch nor used offsets are mended',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'message.epoch !== this.#epoch',
        to: 'this.#epoch === null',
      },
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: "if (this.#known.isNews(message)) this.#repairFor('regression', received, effects);\n      else",
        to: '',
      },
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'message.candle.confirm && !this.#known.follows(message)',
        to: 'false',
      },
    ],
  },
  {
    rule: 'hub: held closes are not delivered, and no link or head is looked at',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'for (const received of held.closes) {',
        to: 'for (const received of [] as typeof held.closes) {',
      },
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'message.candle.confirm && !this.#known.follows(message)',
        to: 'false',
      },
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'this.#suspect === null && this.#isAhead(head)',
        to: 'false',
      },
    ],
  },
  {
    rule: 'hub: history need not reach its target, and no link or head is looked at',
    edits: [
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'if (target !== null && !reaches(answer?.head, target)) {',
        to: 'if (target === null && reaches(answer?.head, { epoch: "", offset: 0 })) {',
      },
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'message.candle.confirm && !this.#known.follows(message)',
        to: 'false',
      },
      {
        file: 'src/gateway/hub/channel-state.ts',
        from: 'this.#suspect === null && this.#isAhead(head)',
        to: 'false',
      },
    ],
  },
  {
    rule: 'store and ingest: neither fence nor lease is looked at',
    edits: [
      {
        file: 'src/bus/publish-rule.ts',
        from: 'if (state !== null && isBelow(fence, state.fence)) return null;',
        to: '',
      },
      {
        file: 'src/ingest/leadership.ts',
        from: 'return this.#deps.clock.now() < this.#validUntil ? this.#fence : null;',
        to: 'return this.#fence;',
      },
    ],
  },
  {
    rule: 'store and ingest: closes are published in any order',
    edits: [
      {
        file: 'src/bus/publish-rule.ts',
        from: "return previous === null || previous === lastClosed ? null : 'gap';",
        to: 'return null;',
      },
      {
        file: 'src/ingest/closed-window.ts',
        from: 'if (start >= givenUpBefore) return { ready, missing: start };',
        to: 'if (start >= givenUpBefore) {\n          start = nextStart(this.#interval, start);\n          continue;\n        }',
      },
    ],
  },
  {
    rule: 'ingest: the store is asked what it has, also in silence',
    edits: [
      {
        file: 'src/ingest/worker.ts',
        from: '      this.#checkHeads();\n    }, settings',
        to: '    }, settings',
      },
    ],
  },
  {
    rule: 'fan-out: a new epoch is named to whoever was there before it',
    edits: [
      {
        file: 'src/gateway/hub/fan-out.ts',
        from: 'if (topic.announced === epochChanges) return true;',
        to: 'if (topic.announced >= 0) return true;',
      },
    ],
  },
  {
    rule: 'fan-out: a close of an older epoch names it',
    edits: [
      {
        file: 'src/gateway/hub/fan-out.ts',
        from: "message.type !== 'candle' || message.epoch !== epoch",
        to: "message.type !== 'candle'",
      },
    ],
  },
];
