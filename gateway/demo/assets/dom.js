// Small helpers to build elements. Text only ever enters as text: nothing here, or elsewhere, parses markup.

/** The element with this id. */
export const $ = (id) => document.getElementById(id);

/** A new element: element('p', 'note', 'text') or element('li', 'x', child, child). */
export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Shows text in an element, and hides the element when there is none. */
export function showText(node, text) {
  node.textContent = text;
  node.hidden = !text;
}

/** A round picture of a member: initials on a colour that follows from the name. */
export function avatar(member) {
  const words = member.trim().split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word[0] ?? ''));
  const letters = words.slice(0, 2).map((word) => [...word][0].toLocaleUpperCase()).join('');
  const node = element('span', 'avatar', letters || [...member][0] || '?');
  node.setAttribute('aria-hidden', 'true');
  node.dataset.hue = String(hash(member) % 8);
  return node;
}

function hash(text) {
  let value = 2166136261;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 16777619) >>> 0;
  return value;
}
