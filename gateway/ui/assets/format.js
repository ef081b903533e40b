// Numbers for people, always with their unit.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const count = (n) => whole.format(n);

/** A number a second, with a decimal where that says something. */
export function rate(n) {
  return n > 0 && n < 9.95 ? tenth.format(n) : whole.format(n);
}

/** A time given in milliseconds. */
export function millis(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms < 0.995) return `${ms.toFixed(2)} ms`;
  if (ms < 9.95) return `${tenth.format(ms)} ms`;
  return ms < 9950 ? `${whole.format(ms)} ms` : `${whole.format(ms / 1000)} s`;
}

export function bytes(n) {
  if (n < 1024) return `${n} B`;
  if (n < 1024 * 1024) return `${whole.format(n / 1024)} KiB`;
  return `${tenth.format(n / 1024 / 1024)} MiB`;
}

/** How long something has lasted, given in seconds. */
export function age(seconds) {
  if (seconds < 120) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** Names in a sentence: "a", "a and b", "a, b and c". */
export function names(list) {
  return list.length < 2 ? list.join('') : `${list.slice(0, -1).join(', ')} and ${list.at(-1)}`;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** The time of day, here. */
export const timeOfDay = (at) => clock.format(new Date(at));
