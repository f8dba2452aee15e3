import { REMEMBERED_SECONDS, type Activity } from '../activity.ts';
import { byId, make } from '../dom.ts';

/** Bars of the last minute: live messages, and closed candles that came in replays. */
export function createActivityView(activity: Activity): { show(now: number): void } {
  const box = byId('activity', HTMLElement);
  const bars = Array.from({ length: REMEMBERED_SECONDS }, () => {
    const bar = make('span');
    const replayed = make('i');
    bar.append(replayed);
    box.append(bar);
    return { bar, replayed };
  });
  let shownSecond = 0;
  return {
    show(now) {
      const second = Math.floor(now / 1000);
      if (second === shownSecond) return;
      shownSecond = second;
      const seconds = activity.lastMinute(now);
      const highest = Math.max(4, ...seconds.map(({ live, replayed }) => live + replayed));
      seconds.forEach(({ live, replayed }, index) => {
        const { bar, replayed: part } = bars[index] ?? {};
        bar?.style.setProperty('block-size', `${((live + replayed) / highest) * 100}%`);
        part?.style.setProperty(
          'block-size',
          `${(replayed / Math.max(1, live + replayed)) * 100}%`,
        );
      });
      // A label that changes every second would be read out without end.
      if (second % 10 !== 0 && box.dataset['labelled'] !== undefined) return;
      box.dataset['labelled'] = '';
      const total = seconds.reduce((sum, { live }) => sum + live, 0);
      box.setAttribute('aria-label', `${total} messages in the last minute`);
    },
  };
}
