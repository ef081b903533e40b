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
  const initials = [...member.matchAll(/(?<![\p{L}\p{N}])\p{L}/gu)].slice(0, 2).map(([letter]) => letter.toLocaleUpperCase());
  const node = element('span', 'avatar', initials.join('') || [...member.trim()][0] || '?');
  node.setAttribute('aria-hidden', 'true');
  node.dataset.hue = String(hash(member) % 12);
  return node;
}

/** FNV-1a, with its bits mixed once more: the low ones alone tell similar names poorly apart. */
function hash(text) {
  let value = 2166136261;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 16777619);
  value = Math.imul(value ^ (value >>> 16), 2246822507);
  return (value ^ (value >>> 13)) >>> 0;
}
