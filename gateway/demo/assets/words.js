// What went wrong, in words for the person at the screen. The gateway's own message says what was wrong and what would
// be right, so it is kept.

const SENTENCES = {
  bad_request: 'The gateway could not accept that',
  unknown_type: 'The gateway does not know that kind of request',
  reserved_type: 'That kind of event is reserved for the gateway',
  not_joined: 'This connection is not in the channel',
  forbidden: 'You are not allowed to do that',
  too_large: 'That is too long',
  rate_limited: 'That was too fast',
  too_many_channels: 'No more channels can be opened on this gateway',
  unavailable: 'The gateway cannot do that at the moment',
  queue_full: 'Too many messages are waiting to be sent',
  timeout: 'No gateway took it in time',
  closed: 'The channel was left',
  closed_1008: 'The gateway ended the connection',
  closed_1009: 'That was too long, and the gateway ended the connection',
  closed_4001: 'This cluster wants a signed token, and this page has none',
  closed_4008: 'This page could not keep up with its messages, and some may be missing',
};

/** One sentence or two about an error of the client or of the gateway. */
export function explain({ code, message, closeCode }) {
  // The gateway's error says more than the code with which it closed, except about credentials.
  const key = closeCode === 4001 || code === 'closed' && closeCode ? `closed_${closeCode}` : code;
  const sentence = SENTENCES[key] ?? `The gateway answered with the error ${code}`;
  const detail = message?.trim().replace(/\.$/, '');
  return detail ? `${sentence}: ${detail}.` : `${sentence}.`;
}

/** The field of the entrance form that an error is about: "name", "channel" or neither. */
export function fieldOf({ code, request }) {
  if (request === 'join') return 'channel';
  return code === 'bad_request' ? 'name' : '';
}

/** "Ada", "Ada and Ben", "Ada, Ben and 3 others". */
export function nameList(names, most = 3) {
  if (names.length > most) {
    const others = names.length - most + 1;
    return `${names.slice(0, most - 1).join(', ')} and ${others} others`;
  }
  return [names.slice(0, -1).join(', '), names.at(-1)].filter(Boolean).join(' and ');
}

/** "a moment", "3 seconds", "2 minutes": rough, for a note. */
export function roughly(ms) {
  if (ms < 1000) return 'a moment';
  const seconds = Math.round(ms / 1000);
  const [count, unit] = seconds < 90 ? [seconds, 'second'] : [Math.round(seconds / 60), 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
