// The field in which a message is written.

import { $ } from './dom.js';

/**
 * Wires the composer: send(text) reports whether the message was taken, typing.start() and typing.stop() tell that the
 * person types. Returns a function that takes the wires off.
 */
export function setUpComposer({ send, typing }) {
  const text = $('text');
  const wires = new AbortController();
  const on = (node, type, fn) => node.addEventListener(type, fn, { signal: wires.signal });

  on(text, 'input', () => {
    fit(text);
    if (text.value.trim()) typing.start();
    else typing.stop();
  });
  on(text, 'keydown', (event) => {
    // While an input method is composing, Enter chooses a character.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $('composer').requestSubmit();
  });
  on(text, 'blur', () => typing.stop());
  on($('composer'), 'submit', (event) => {
    event.preventDefault();
    const message = text.value.trim();
    if (message && send(message)) {
      text.value = '';
      fit(text);
      typing.stop();
    }
    text.focus();
  });
  return () => {
    typing.stop();
    wires.abort();
    text.value = '';
    fit(text);
  };
}

/** Lets the field grow with its lines; the style sheet bounds it. */
function fit(text) {
  text.style.height = 'auto';
  text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
}
