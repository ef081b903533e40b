// The button that switches between light and dark. Until it is used, the page follows the system.

const dark = matchMedia('(prefers-color-scheme: dark)');
const root = document.documentElement;

export function setUpThemeToggle(button) {
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : dark.matches);
  const show = () => button.setAttribute('aria-pressed', String(isDark()));
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    try {
      localStorage.setItem('starling-theme', root.dataset.theme);
    } catch {
      // Storage may be forbidden: the choice lasts as long as the page.
    }
    show();
  });
  dark.addEventListener('change', show);
  show();
}
