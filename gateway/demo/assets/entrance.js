// The form at the entrance: who are you, and where do you want to go.

import { $, showText } from './dom.js';

const FIELDS = ['name', 'channel'];

/** Prepares the form; enter({ name, channel }) is called with trimmed values when both are there. */
export function setUpEntrance(enter) {
  $('join').addEventListener('submit', (event) => {
    event.preventDefault();
    const [name, channel] = FIELDS.map((id) => $(id).value.trim());
    clearErrors();
    if (!name) fieldError('name', 'Choose a name that the others will see.');
    else if (!channel) fieldError('channel', 'Name a channel, for example “lobby”.');
    else enter({ name, channel });
  });
  for (const id of FIELDS) $(id).addEventListener('input', () => fieldError(id, ''));
}

/** Shows the form with these values, and perhaps with an error about the field "name" or "channel", or about neither. */
export function showEntrance({ name, channel, field = '', error = '' }) {
  $('entrance').hidden = false;
  $('name').value = name;
  $('channel').value = channel;
  clearErrors();
  if (FIELDS.includes(field)) {
    fieldError(field, error);
    return;
  }
  showText($('join-error'), error);
  $('name').focus();
  $('name').select();
}

export function hideEntrance() {
  $('entrance').hidden = true;
}

function clearErrors() {
  for (const id of FIELDS) fieldError(id, '');
  showText($('join-error'), '');
}

function fieldError(id, text) {
  showText($(`${id}-error`), text);
  if (text) {
    $(id).setAttribute('aria-invalid', 'true');
    $(id).focus();
  } else {
    $(id).removeAttribute('aria-invalid');
  }
}
