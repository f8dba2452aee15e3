import type { ChannelName } from '../../candle/channel.ts';
import type { ConnectionState, ServedChannel } from '../connection-state.ts';
import { channelName, splitChannel } from '../credentials.ts';
import { byId, make, setText } from '../dom.ts';
import { intervalLabel } from '../format.ts';

export interface ControlActions {
  connect(token: string, channel: ChannelName): void;
  disconnect(): void;
  /** Another channel was chosen. */
  select(channel: ChannelName): void;
  /** Another token was entered while connected. */
  refresh(token: string): void;
}

export interface ControlsView {
  readonly channel: ChannelName;
  readonly token: string;
  setToken(token: string): void;
  /** Chooses a channel without telling anyone, adding it to what can be chosen if need be. */
  setChannel(channel: ChannelName): void;
  /** Offers these channels; the chosen one gives way to the first when it is not among them. */
  offer(channels: readonly ServedChannel[]): void;
  show(state: ConnectionState): void;
}

/** The row with symbol, interval, token and the button. */
export function createControls(initial: ChannelName, actions: ControlActions): ControlsView {
  const form = byId('controls', HTMLFormElement);
  const symbolSelect = byId('symbol', HTMLSelectElement);
  const intervalBox = byId('intervals', HTMLElement);
  const tokenInput = byId('token', HTMLInputElement);
  const reveal = byId('reveal', HTMLButtonElement);
  const submit = byId('submit', HTMLButtonElement);
  let offered = new Map<string, string[]>();
  let chosen = splitChannel(initial);
  let state: ConnectionState | null = null;

  const chosenChannel = (): ChannelName => channelName(chosen.symbol, chosen.interval);
  const choose = (symbol: string, interval: string): void => {
    const intervals = offered.get(symbol) ?? [];
    chosen = {
      symbol,
      interval: intervals.includes(interval) ? interval : (intervals[0] ?? interval),
    };
    render();
    actions.select(chosenChannel());
  };

  function render(): void {
    symbolSelect.replaceChildren(
      ...[...offered.keys()].map(
        (symbol) => new Option(symbol, symbol, false, symbol === chosen.symbol),
      ),
    );
    const focused = intervalBox.contains(document.activeElement);
    intervalBox.replaceChildren(
      ...(offered.get(chosen.symbol) ?? []).map((interval) => {
        const label = make('label', 'segment');
        const radio = make('input');
        radio.type = 'radio';
        radio.name = 'interval';
        radio.value = interval;
        radio.checked = interval === chosen.interval;
        const { short, long } = intervalLabel(interval);
        radio.setAttribute('aria-label', long);
        label.append(radio, make('span', '', short));
        return label;
      }),
    );
    if (focused) intervalBox.querySelector<HTMLInputElement>('input:checked')?.focus();
  }

  function isActive(): boolean {
    return state !== null && state.phase.name !== 'idle' && state.phase.name !== 'closed';
  }
  function hasNewToken(): boolean {
    const token = tokenInput.value.trim();
    return state?.phase.name === 'open' && token !== '' && token !== state.target?.token;
  }
  function showButton(): void {
    const mode = hasNewToken() ? 'refresh' : isActive() ? 'disconnect' : 'connect';
    submit.dataset['mode'] = mode;
    const labels = { refresh: 'Use new token', disconnect: 'Disconnect', connect: 'Connect' };
    setText(submit, labels[mode]);
  }

  symbolSelect.addEventListener('change', () => choose(symbolSelect.value, chosen.interval));
  intervalBox.addEventListener('change', (event) => {
    if (event.target instanceof HTMLInputElement) choose(chosen.symbol, event.target.value);
  });
  tokenInput.addEventListener('input', showButton);
  reveal.addEventListener('click', () => {
    const shown = tokenInput.type === 'password';
    tokenInput.type = shown ? 'text' : 'password';
    reveal.setAttribute('aria-pressed', String(shown));
    setText(reveal, shown ? 'Hide' : 'Show');
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const token = tokenInput.value.trim();
    if (hasNewToken()) actions.refresh(token);
    else if (isActive()) actions.disconnect();
    else actions.connect(token, chosenChannel());
  });

  const view: ControlsView = {
    get channel() {
      return chosenChannel();
    },
    get token() {
      return tokenInput.value.trim();
    },
    setToken(token) {
      tokenInput.value = token;
      showButton();
    },
    setChannel(channel) {
      chosen = splitChannel(channel);
      const intervals = offered.get(chosen.symbol) ?? [];
      if (!intervals.includes(chosen.interval)) intervals.push(chosen.interval);
      offered.set(chosen.symbol, intervals);
      render();
    },
    offer(channels) {
      if (channels.length === 0) return;
      offered = new Map();
      for (const { symbol, interval } of channels) {
        offered.set(symbol, [...(offered.get(symbol) ?? []), interval]);
      }
      const symbol = offered.has(chosen.symbol)
        ? chosen.symbol
        : (channels[0]?.symbol ?? chosen.symbol);
      const before = chosenChannel();
      const intervals = offered.get(symbol) ?? [];
      const interval = intervals.includes(chosen.interval) ? chosen.interval : intervals[0];
      chosen = { symbol, interval: interval ?? chosen.interval };
      render();
      if (chosenChannel() !== before) actions.select(chosenChannel());
    },
    show(next) {
      state = next;
      showButton();
    },
  };
  view.setChannel(initial);
  return view;
}
