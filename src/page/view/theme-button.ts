import { byId } from '../dom.ts';
import type { Memory } from '../storage.ts';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const NAMES: Readonly<Record<Theme, string>> = {
  system: 'as the system',
  light: 'light',
  dark: 'dark',
};

/**
 * The button that goes round: as the system, light, dark. `theme.ts` sets the remembered choice
 * before the first paint.
 *
 * @param onChange called whenever colours may have changed, also by the system
 */
export function createThemeButton(memory: Memory, onChange: () => void): void {
  const button = byId('theme', HTMLButtonElement);
  const root = document.documentElement;
  const stored = root.dataset['theme'];
  let theme: Theme = stored === 'light' || stored === 'dark' ? stored : 'system';

  const show = (): void => {
    if (theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = theme;
    button.setAttribute('aria-label', `Theme: ${NAMES[theme]}`);
    button.title = `Theme: ${NAMES[theme]}`;
  };
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
    memory.set('theme', theme === 'system' ? null : theme);
    show();
    onChange();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
  show();
}
