// Runs before the page is drawn, so that a person who chose the dark theme never sees a white flash. It is the only
// file that is not a module, because modules run later.
(() => {
  try {
    const chosen = localStorage.getItem('starling-theme');
    if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden: then the system's theme it is.
  }
})();
