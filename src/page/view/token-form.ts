import { byId, setText } from '../dom.ts';
import { isOpen, type Phase } from '../phase.ts';

export interface TokenActions {
  connect(token: string): void;
  disconnect(): void;
  /** Another token was entered while connected. */
  refresh(token: string): void;
}

export interface TokenForm {
  setToken(token: string): void;
  /** @param inForce the token of the connection */
  show(phase: Phase, inForce: string): void;
}

/** The token and the button that connects, disconnects, or puts a new token in force. */
export function createTokenForm(actions: TokenActions): TokenForm {
  const form = byId('controls', HTMLFormElement);
  const input = byId('token', HTMLInputElement);
  const reveal = byId('reveal', HTMLButtonElement);
  const submit = byId('submit', HTMLButtonElement);
  let phase: Phase = { name: 'idle' };
  let inForce = '';

  const entered = (): string => input.value.trim();
  const isActive = (): boolean => phase.name !== 'idle' && phase.name !== 'closed';
  const hasNewToken = (): boolean => isOpen(phase) && entered() !== '' && entered() !== inForce;

  function showButton(): void {
    const mode = hasNewToken() ? 'refresh' : isActive() ? 'disconnect' : 'connect';
    submit.dataset['mode'] = mode;
    const labels = { refresh: 'Use new token', disconnect: 'Disconnect', connect: 'Connect' };
    setText(submit, labels[mode]);
  }

  input.addEventListener('input', showButton);
  reveal.addEventListener('click', () => {
    const shown = input.type === 'password';
    input.type = shown ? 'text' : 'password';
    reveal.setAttribute('aria-pressed', String(shown));
    setText(reveal, shown ? 'Hide' : 'Show');
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (hasNewToken()) actions.refresh(entered());
    else if (isActive()) actions.disconnect();
    else actions.connect(entered());
  });

  return {
    setToken(token) {
      input.value = token;
      showButton();
    },
    show(nextPhase, token) {
      phase = nextPhase;
      inForce = token;
      showButton();
    },
  };
}
