// Small helpers to build elements. Text only ever enters as text: nothing here, or elsewhere, parses markup.

/** The element with this id. */
export const $ = (id) => document.getElementById(id);

/** A new element: element('p', 'note', 'text') or element('li', 'x', child, child). */
export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== ''));
  return node;
}

/** A new SVG element with these attributes. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** Shows text in an element, if it is another one: what a screen reader has read must not be set again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Shows text in an element, and hides the element when there is none. */
export function showText(node, text) {
  setText(node, text);
  node.hidden = !text;
}

/**
 * Makes the children of a list those of the items, in order. A child that stays is kept, with the focus and the scrolling that it has:
 * key tells items apart, make builds the child of a new one, and update shows the item in it.
 */
export function reconcile(list, items, key, make, update) {
  const before = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let at = list.firstElementChild;
  for (const item of items) {
    const id = String(key(item));
    let node = before.get(id);
    before.delete(id);
    if (!node) {
      node = make(item);
      node.dataset.key = id;
    }
    if (node === at) at = at.nextElementSibling;
    else list.insertBefore(node, at);
    update?.(node, item);
  }
  for (const node of before.values()) node.remove();
}
