import type { ChannelName, Source } from '../client/index.ts';
import { Activity } from './activity.ts';
import { channelName, readFragment, splitChannel, writeFragment } from './address.ts';
import { requestFault, type Fault } from './faults.ts';
import { GatewaySession } from './gateway-session.ts';
import { HistoryLoader } from './history-loader.ts';
import { Passages } from './hops.ts';
import { MarketBook } from './market-book.ts';
import { MessageLog } from './message-log.ts';
import { isOpen, type Phase } from './phase.ts';
import { ResumeLedger } from './resume-ledger.ts';
import { createMemory } from './storage.ts';
import { checkToken } from './token-check.ts';
import { createActivityView } from './view/activity.ts';
import { createChartView } from './view/chart.ts';
import { createFactsView } from './view/facts.ts';
import { createFaultsView } from './view/faults.ts';
import { createIntervalsView } from './view/intervals.ts';
import { createLatencyView } from './view/latency.ts';
import { createLogView } from './view/log.ts';
import { createQuoteView } from './view/quote.ts';
import { createResumesView } from './view/resumes.ts';
import { createStatusView } from './view/status.ts';
import { createThemeButton } from './view/theme-button.ts';
import { createTokenForm } from './view/token-form.ts';
import { createWatchView } from './view/watch.ts';

/** The composition root of the page: makes everything once and connects it. */

const DEFAULT_CHANNEL = channelName('BTCUSDT', '1');
/** Clocks and countdowns move with this. */
const TICK_MS = 250;
/** Messages that the medians look back on. */
const PASSAGES = 200;

/** Finer than `Date.now()`; the clock offset measured by ping makes up for its drift. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Where the page came from, without its fragment. */
function base(): URL {
  return new URL('.', location.href.split('#')[0]);
}

function start(): void {
  // The token lives as long as the tab, the theme as long as the browser's memory.
  const tabMemory = createMemory(() => sessionStorage);
  const wishes = readFragment(location.hash);
  const first = splitChannel(wishes.channel ?? DEFAULT_CHANNEL);
  const book = new MarketBook(first.symbol, first.interval);
  const activity = new Activity();
  const ledger = new ResumeLedger();
  const passages = new Passages(PASSAGES);
  const log = new MessageLog();
  const loaders = new Map<ChannelName, HistoryLoader>();
  let source: Source | null = null;

  const session = new GatewaySession({
    checkToken: (secret, signal) =>
      checkToken(new URL('api/v1/live/channels', base()), secret, signal),
    lastClosed: (channel) => book.lastClosed(channel),
    now,
    listener: {
      onPhase(phase) {
        notePhase(phase);
        schedule();
      },
      onServed(outcome) {
        noteSource(outcome.source);
        const before = book.chosen;
        book.offer(outcome.channels);
        if (book.chosen === before) session.watch(book.watched);
        else showChosen();
        schedule();
      },
      onCandle(candle) {
        noteSource(candle.source);
        book.seriesOf(candle.channel).put(candle);
        if (candle.origin === 'replay' && candle.confirm) activity.noteReplayed(candle.receivedAt);
        schedule();
      },
      onReceived(message, at) {
        log.received(message, at);
        ledger.received(message, at);
        if (message.type !== 'candle') return;
        activity.noteUpdate(message.candle.confirm, at);
        passages.add(message, at);
      },
      onSent(message, at) {
        log.sent(message, at);
      },
      onNotice(text) {
        status.say(text);
        log.note(text, now());
        schedule();
      },
    },
  });

  const chart = createChartView(schedule);
  const quote = createQuoteView();
  const status = createStatusView();
  const watch = createWatchView(book, (symbol) => choose(symbol, book.interval));
  const intervals = createIntervalsView(book, (interval) => choose(book.symbol, interval));
  const facts = createFactsView(session, activity, ledger);
  const activityView = createActivityView(activity);
  const resumes = createResumesView(ledger);
  const faults = createFaultsView(askForFault, now);
  const latency = createLatencyView(passages, schedule);
  const logView = createLogView(log);
  const tokenForm = createTokenForm({
    connect,
    disconnect: () => session.disconnect(),
    refresh: (secret) => session.refresh(secret),
  });
  createThemeButton(
    createMemory(() => localStorage),
    () => chart.recolour(),
  );

  let isScheduled = false;
  /** Draws everything that has changed, at most once per frame. */
  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    requestAnimationFrame(draw);
  }
  function draw(): void {
    isScheduled = false;
    const time = now();
    const { phase, clock } = session;
    const channel = book.chosen;
    const series = book.seriesOf(channel);
    watch.show(time);
    intervals.show();
    chart.show(series);
    if (chart.isAtLeftEdge) loadOlder();
    chart.showHistory(loaderOf(channel).state);
    quote.show(series.candles);
    const isDown =
      phase.name === 'stale' && phase.channels.some((each) => session.feed(each) === 'down');
    status.show(phase, isDown, time);
    facts.show(channel, time);
    activityView.show(time);
    resumes.show();
    faults.show(source === 'simulator', session.welcome !== null, time);
    latency.show(clock, time);
    logView.show();
    tokenForm.show(phase, session.token);
  }

  function noteSource(next: Source): void {
    if (next === source) return;
    source = next;
    status.showSource(next);
    chart.markSimulated(next === 'simulator');
  }

  /** Another channel is on the chart: what the page knows of it is shown at once. */
  function showChosen(): void {
    history.replaceState(null, '', writeFragment(book.chosen));
    chart.restart();
    quote.showChannel(book.chosen);
    session.watch(book.watched);
    schedule();
  }

  function choose(symbol: string, interval: string): void {
    const before = book.chosen;
    book.choose(symbol, interval);
    if (book.chosen !== before) showChosen();
  }

  function loaderOf(channel: ChannelName): HistoryLoader {
    const known = loaders.get(channel);
    if (known !== undefined) return known;
    const loader = new HistoryLoader(book.seriesOf(channel), (before, limit) =>
      session.history(channel, before, limit),
    );
    loaders.set(channel, loader);
    return loader;
  }

  function loadOlder(): void {
    // Not before its snapshot has come to an end.
    if (ledger.mark(book.chosen)?.epoch == null) return;
    void loaderOf(book.chosen)
      .more(now())
      .then((hasChanged) => {
        if (hasChanged) schedule();
      });
  }

  async function askForFault(fault: Fault): Promise<string | null> {
    const { welcome, token } = session;
    if (welcome === null) return 'There is no connection that could be broken.';
    const failure = await requestFault(base(), token, welcome.connection, fault);
    schedule();
    return failure;
  }

  let before: Phase['name'] = 'idle';
  function notePhase(phase: Phase): void {
    if (phase.name !== before) {
      if (phase.name === 'resuming') log.note(`${phase.why ?? 'Lost.'} Resuming.`, now());
      if (phase.name === 'closed') log.note(phase.why, now());
      before = phase.name;
    }
    // Only a token that has been accepted is worth remembering.
    if (isOpen(phase)) tabMemory.set('token', session.token);
    if (phase.name === 'closed' && phase.mend === 'token') tabMemory.set('token', null);
  }

  function connect(secret: string): void {
    if (secret === '') {
      status.say('A token is needed to connect.');
      schedule();
      return;
    }
    session.connect(secret);
  }

  addEventListener('hashchange', () => {
    const next = readFragment(location.hash);
    if (next.channel === null) history.replaceState(null, '', writeFragment(book.chosen));
    else {
      const { symbol, interval } = splitChannel(next.channel);
      choose(symbol, interval);
      history.replaceState(null, '', writeFragment(book.chosen));
    }
    if (next.token === null) return;
    tokenForm.setToken(next.token);
    connect(next.token);
  });

  const token = wishes.token ?? tabMemory.get('token') ?? '';
  tokenForm.setToken(token);
  showChosen();
  setInterval(schedule, TICK_MS);
  if (token !== '') connect(token);
}

start();
