import type { ChannelName } from '../candle/channel.ts';
import { Activity } from './activity.ts';
import { CandleSeries } from './candle-series.ts';
import { estimateClock } from './clock-offset.ts';
import type { ConnectionState } from './connection-state.ts';
import { channelName, readFragment, writeFragment } from './credentials.ts';
import { GatewayConnection, type Output } from './gateway-connection.ts';
import { MessageLog } from './message-log.ts';
import { createMemory } from './storage.ts';
import { checkToken } from './token-check.ts';
import { createChartView } from './view/chart.ts';
import { createControls } from './view/controls.ts';
import { createFactsView } from './view/facts.ts';
import { createLatencyView } from './view/latency.ts';
import { createLogView } from './view/log.ts';
import { createQuoteView } from './view/quote.ts';
import { createStatusView } from './view/status.ts';
import { createThemeButton } from './view/theme-button.ts';

/** The composition root of the page: makes everything once and connects it. */

const DEFAULT_CHANNEL = channelName('BTCUSDT', '1');
/** Clocks and countdowns move with this. */
const TICK_MS = 250;

/** Finer than `Date.now()`; the clock offset measured by ping makes up for its drift. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function socketUrl(): URL {
  const url = new URL('api/v1/live/ws', location.href.split('#')[0]);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
}

function start(): void {
  // The token lives as long as the tab, the theme as long as the browser's memory.
  const tabMemory = createMemory(() => sessionStorage);
  const memory = createMemory(() => localStorage);
  const wishes = readFragment(location.hash);
  const token = wishes.token ?? tabMemory.get('token') ?? '';
  const initial: ChannelName = wishes.channel ?? DEFAULT_CHANNEL;

  const series = new CandleSeries();
  const activity = new Activity();
  const log = new MessageLog();
  const chart = createChartView();
  const quote = createQuoteView();
  const status = createStatusView();
  const facts = createFactsView();
  const latency = createLatencyView();
  const logView = createLogView(log);
  createThemeButton(memory, () => chart.recolour());

  let isScheduled = false;
  /** Draws everything that has changed, at most once per frame. */
  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    requestAnimationFrame(draw);
  }
  function draw(): void {
    isScheduled = false;
    const { state } = connection;
    const time = now();
    const clock = estimateClock(state.pingSamples);
    chart.show(series);
    quote.show(series.candles);
    status.show(state, time);
    facts.show(state, activity, clock, time);
    latency.show(clock, time);
    logView.show();
  }

  /** Another channel: nothing of the one before it may stay on the screen. */
  function showChannel(channel: ChannelName): void {
    history.replaceState(null, '', writeFragment(channel));
    series.replace([]);
    chart.restart();
    quote.showChannel(channel);
    latency.clear();
    schedule();
  }

  function take(output: Output, receivedAt: number): void {
    switch (output.type) {
      case 'served':
        status.showSource(output.source);
        chart.markSimulated(output.source === 'simulator');
        controls.offer(output.channels);
        return;
      case 'history':
        status.showSource(output.source);
        chart.markSimulated(output.source === 'simulator');
        if (output.replace) {
          chart.restart();
          series.replace(output.candles);
        } else {
          for (const candle of output.candles) series.put(candle);
        }
        return;
      case 'update': {
        const { message } = output;
        series.put(message.candle);
        activity.noteUpdate(message.candle.confirm, receivedAt);
        latency.add(message, receivedAt);
        return;
      }
      case 'notice':
        status.say(output.text);
        log.note(output.text, receivedAt);
    }
  }

  let before: ConnectionState['phase']['name'] = 'idle';
  function notePhase(state: ConnectionState): void {
    const { phase } = state;
    if (phase.name !== before) {
      if (phase.name === 'waiting') {
        activity.reconnects += 1;
        log.note(`${phase.why.replace(/\.$/, '')}; reconnecting`, now());
      }
      if (phase.name === 'closed') log.note(phase.why, now());
      before = phase.name;
    }
    // Only a token that has been accepted is worth remembering.
    if (phase.name === 'open' && state.target !== null) tabMemory.set('token', state.target.token);
    if (phase.name === 'closed' && phase.mend === 'token') tabMemory.set('token', null);
  }

  const connection = new GatewayConnection({
    socketUrl: socketUrl(),
    checkToken: (secret, signal) =>
      checkToken(new URL('api/v1/live/channels', location.href.split('#')[0]), secret, signal),
    now,
    random: Math.random,
    listener: {
      onState(state) {
        notePhase(state);
        controls.show(state);
        schedule();
      },
      onOutput: take,
      onReceived(message, raw, receivedAt) {
        log.received(message, raw, receivedAt);
      },
      onSent(message, sentAt) {
        log.sent(message, sentAt);
      },
    },
  });

  function connect(secret: string, channel: ChannelName): void {
    if (secret === '') {
      status.say('A token is needed to connect.');
      return;
    }
    connection.dispatch({ type: 'connect', target: { token: secret, channel } });
  }

  const controls = createControls(initial, {
    connect,
    disconnect: () => connection.dispatch({ type: 'disconnect' }),
    select(channel) {
      showChannel(channel);
      connection.dispatch({ type: 'select', channel });
    },
    refresh: (secret) => connection.dispatch({ type: 'refresh', token: secret }),
  });

  controls.setToken(token);
  showChannel(initial);
  addEventListener('online', () => connection.dispatch({ type: 'online' }));
  addEventListener('hashchange', () => {
    const next = readFragment(location.hash);
    if (next.channel !== null && next.channel !== controls.channel) {
      controls.setChannel(next.channel);
      showChannel(next.channel);
      connection.dispatch({ type: 'select', channel: next.channel });
    } else {
      history.replaceState(null, '', writeFragment(controls.channel));
    }
    if (next.token === null) return;
    controls.setToken(next.token);
    connect(next.token, controls.channel);
  });
  setInterval(schedule, TICK_MS);
  if (token !== '') connect(token, initial);
}

start();
