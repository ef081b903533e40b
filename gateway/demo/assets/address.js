// Name and channel in the address, as #channel=lobby&name=Ada: a reload keeps them, a link shares them, and the part
// after # is never sent to a server.

export function readAddress() {
  const params = new URLSearchParams(location.hash.slice(1));
  return { channel: params.get('channel') ?? '', name: params.get('name') ?? '' };
}

/** Writes both, or the channel alone when the person is not in it: then a reload stays at the entrance. */
export function writeAddress(place) {
  history.replaceState(null, '', `#${new URLSearchParams(place)}`);
}

/** A link to invite others with: it names the channel, and leaves the name to them. */
export function invitation(channel) {
  const url = new URL(location.href);
  url.hash = new URLSearchParams({ channel }).toString();
  return url.href;
}

/** The address of the WebSocket beside the page, also when the page is served below a path. */
export function endpoint() {
  return new URL('ws', location.href);
}
