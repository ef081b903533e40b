// What runs in a page to judge how it looks.

/** The elements that stick out of the page at the sides, but for those inside something that scrolls. */
export function sticksOut(page, ignore = '.visually-hidden') {
  return page.evaluate((ignored) => [...document.querySelectorAll('body *')]
    .filter((node) => node.checkVisibility() && !node.closest(ignored))
    .filter((node) => node.getBoundingClientRect().right > innerWidth + 0.5 || node.getBoundingClientRect().left < -0.5)
    .map((node) => node.outerHTML.slice(0, 80)), ignore);
}

/** Runs in the page: the texts whose contrast with what is behind them is below 4.5 to 1. */
export function lowContrast() {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const texts = [...document.querySelectorAll('body *')].filter((node) => node.checkVisibility() && !node.closest('.sprite, .visually-hidden')
    && [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()));
  return texts.flatMap((node) => {
    const style = getComputedStyle(node);
    const text = node instanceof SVGElement ? style.fill : style.color;
    const [low, high] = [luminance(rgba(text)), luminance(behind(node))].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    return ratio < 4.5 ? [`${node.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`] : [];
  });
}
