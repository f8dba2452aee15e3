import { byId, setText } from '../dom.ts';
import type { Fault } from '../faults.ts';

export interface FaultsView {
  /** @param isOffered whether prices are simulated; @param canAsk whether a connection is open */
  show(isOffered: boolean, canAsk: boolean, now: number): void;
}

/**
 * The buttons that break this page's own connection.
 *
 * @param ask resolves to null when the fault comes, else to a sentence that says why not
 * @param now ms since 1970
 */
export function createFaultsView(
  ask: (fault: Fault) => Promise<string | null>,
  now: () => number,
): FaultsView {
  const box = byId('faults', HTMLElement);
  const drop = byId('fault-drop', HTMLButtonElement);
  const slow = byId('fault-slow', HTMLButtonElement);
  const duration = byId('fault-ms', HTMLSelectElement);
  const note = byId('fault-note', HTMLElement);
  const idleText = note.textContent.trim().replace(/\s+/g, ' ');
  let slowUntil = 0;
  let text = idleText;

  drop.addEventListener('click', () => {
    void ask({ name: 'drop' }).then((failure) => {
      slowUntil = 0;
      text = failure ?? 'Dropped without a close frame.';
    });
  });
  slow.addEventListener('click', () => {
    const ms = Number(duration.value);
    void ask({ name: 'slow', ms }).then((failure) => {
      if (failure === null) slowUntil = now() + ms;
      text = failure ?? idleText;
    });
  });

  return {
    show(isOffered, canAsk, time) {
      box.hidden = !isOffered;
      // Disabling the button that was just pressed would take the focus from it.
      for (const button of [drop, slow]) button.setAttribute('aria-disabled', String(!canAsk));
      const left = Math.ceil((slowUntil - time) / 1000);
      slow.dataset['left'] = left > 0 ? `${left} s` : '';
      setText(
        note,
        left > 0 ? 'Off the live stream: open candles stand still, closes are kept.' : text,
      );
    },
  };
}
