// The field in which a message is written.

import { $ } from './dom.js';
import { TypingSignal } from './typing.js';

/**
 * Wires the composer: send(text) returns an error text, or "" when the message was taken, and typing(flag) tells that
 * the person types. Returns the typing signal and a function that takes the wires off.
 */
export function setUpComposer({ send, typing }) {
  const text = $('text');
  const signal = new TypingSignal(typing);
  const wires = new AbortController();
  const on = (node, type, fn) => node.addEventListener(type, fn, { signal: wires.signal });

  on(text, 'input', () => {
    fit(text);
    if (text.value.trim()) signal.keystroke();
    else signal.stop();
  });
  on(text, 'keydown', (event) => {
    // While an input method is composing, Enter chooses a character.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $('composer').requestSubmit();
  });
  on(text, 'blur', () => signal.stop());
  on($('composer'), 'submit', (event) => {
    event.preventDefault();
    const message = text.value.trim();
    if (message && send(message)) {
      text.value = '';
      fit(text);
      signal.stop();
    }
    text.focus();
  });
  return {
    signal,
    detach() {
      signal.stop();
      wires.abort();
      text.value = '';
      fit(text);
    },
  };
}

/** Lets the field grow with its lines; the style sheet bounds it. */
function fit(text) {
  text.style.height = 'auto';
  text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
}
