// The side panel, which narrow screens show only on demand.

import { $ } from './dom.js';

export function setUpSide() {
  const toggle = $('side-toggle');
  const show = (open) => {
    toggle.setAttribute('aria-expanded', String(open));
    $('room').classList.toggle('side-open', open);
  };
  const isOpen = () => toggle.getAttribute('aria-expanded') === 'true';
  toggle.addEventListener('click', () => show(!isOpen()));
  $('room').addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !isOpen()) return;
    show(false);
    toggle.focus();
  });
  return { close: () => show(false) };
}
