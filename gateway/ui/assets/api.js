// Asks the gateway that serves the page. The API key, where one is wanted, stays in this tab and travels in a header, never in an address.

const STORED = 'starling-api-key';
const PATIENCE_MS = 10_000;

/** An answer that is no success. status is 0 when there was no answer. */
export class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const key = {
  get: () => sessionStorage.getItem(STORED) ?? '',
  set: (value) => sessionStorage.setItem(STORED, value),
  forget: () => sessionStorage.removeItem(STORED),
};

/** Reads a part of the data: get('channels', { search: 'a' }). */
export const get = (path, query = {}) => send('GET', path, query);

/** Changes something. */
export const post = (path, body) => send('POST', path, {}, body);

async function send(method, path, query, body) {
  const url = new URL(`api/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const headers = {};
  if (key.get()) headers.authorization = `Bearer ${key.get()}`;
  if (body) headers['content-type'] = 'application/json';
  let response;
  try {
    response = await fetch(url, {
      method, headers, body: body && JSON.stringify(body), cache: 'no-store', credentials: 'same-origin', signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new Failure(0, 'The gateway does not answer.');
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Failure(response.status, answer?.detail ?? `The gateway answers ${response.status}.`);
  if (answer === null) throw new Failure(0, 'The gateway gave half an answer.');
  return answer;
}
