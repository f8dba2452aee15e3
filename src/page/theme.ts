/**
 * Sets the chosen theme before anything is painted: this file is loaded by itself, in the head. The
 * button that changes the choice is in `view/theme-button.ts`.
 */
const stored = ((): string | null => {
  try {
    return localStorage.getItem('candlegate.theme');
  } catch {
    // Storage may be forbidden; then the system's theme counts.
    return null;
  }
})();
if (stored === 'light' || stored === 'dark') document.documentElement.dataset['theme'] = stored;
