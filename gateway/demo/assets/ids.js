// Random values. crypto.randomUUID is missing where the page is not served over TLS or from this machine, so:

const BIRDS = ['Avocet', 'Bunting', 'Curlew', 'Dunlin', 'Finch', 'Goldcrest', 'Heron', 'Jackdaw', 'Kestrel', 'Lapwing',
  'Martin', 'Nightjar', 'Osprey', 'Plover', 'Quail', 'Redstart', 'Siskin', 'Swift', 'Tern', 'Wagtail', 'Wren'];

/** 128 random bits in hexadecimal. */
export function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

/** A name for somebody who has not chosen one; two tabs rarely get the same. */
export function suggestName() {
  const [bird, number] = crypto.getRandomValues(new Uint16Array(2));
  return `${BIRDS[bird % BIRDS.length]} ${number % 90 + 10}`;
}
