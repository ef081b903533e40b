/** 128 random bits in letters and digits. crypto.randomUUID is missing where a page is not served over TLS. */
export function randomId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).reduce((id, n) => id + n.toString(36), "");
}
