// Who sees whom: a circle of gateways, with a line between two that see each other, and a broken one where one does not see the other.

import { svg } from './dom.js';
import { names, plural } from './format.js';

const WIDTH = 400;
const HEIGHT = 230;
const MARGIN = 34;

/** Draws the graph, and returns what it shows as a sentence. */
export function drawGraph(frame, { gateways, missing = [], answered }) {
  const nodes = [
    ...gateways.map((g) => ({ name: g.node, unseen: g.unseen ?? [], kind: g.ready ? '' : g.draining ? 'drain' : 'off', self: g.node === answered })),
    ...missing.map((m) => ({ name: m.node, unseen: [], kind: 'missing' })),
  ].map((node, i, all) => ({ ...node, ...place(i, all.length) }));
  const text = sentence(gateways, missing);
  const top = Math.min(...nodes.map((node) => node.y)) - MARGIN;
  const bottom = Math.max(...nodes.map((node) => node.y)) + MARGIN;
  frame.replaceChildren(svg('svg', { viewBox: `0 ${top} ${WIDTH} ${bottom - top}`, role: 'img', 'aria-label': text }, ...edges(nodes), ...circles(nodes)));
  return text;
}

function place(i, n) {
  const angle = (i / n) * 2 * Math.PI - Math.PI / 2;
  const radius = n === 1 ? 0 : 1;
  return { x: WIDTH / 2 + radius * 84 * Math.cos(angle), y: HEIGHT / 2 + radius * 78 * Math.sin(angle), right: Math.cos(angle) };
}

function edges(nodes) {
  const all = [];
  nodes.forEach((a, i) => nodes.slice(i + 1).forEach((b) => {
    const cut = a.kind === 'missing' || b.kind === 'missing' || a.unseen.includes(b.name) || b.unseen.includes(a.name);
    all.push(svg('line', { class: cut ? 'edge cut' : 'edge', x1: a.x, y1: a.y, x2: b.x, y2: b.y }));
  }));
  return all;
}

function circles(nodes) {
  const prefix = commonPrefix(nodes.map((node) => node.name));
  return nodes.flatMap((node) => {
    const circle = svg('circle', { class: `${node.kind} ${node.self ? 'self' : ''}`, cx: node.x, cy: node.y, r: nodes.length > 12 ? 5 : 9 });
    circle.append(svg('title', {}, node.name));
    if (nodes.length > 12) return [circle];
    const [anchor, dx] = node.right > 0.2 ? ['start', 15] : node.right < -0.2 ? ['end', -15] : ['middle', 0];
    const dy = anchor === 'middle' ? (node.y <= HEIGHT / 2 ? -17 : 26) : 4;
    return [circle, svg('text', { x: node.x + dx, y: node.y + dy, 'text-anchor': anchor }, shorten(node.name.slice(prefix)))];
  });
}

/** How much of the names is the same, up to a dash: pods of one cluster begin alike. */
function commonPrefix(list) {
  if (list.length < 2) return 0;
  let n = 0;
  while (list.every((name) => name[n] !== undefined && name[n] === list[0][n])) n += 1;
  return list[0].length > 14 ? list[0].lastIndexOf('-', n - 1) + 1 : 0;
}

const shorten = (name) => (name.length > 14 ? `${name.slice(0, 6)}…${name.slice(-6)}` : name);

function sentence(gateways, missing) {
  const gone = new Set(missing.map((m) => m.node));
  const parts = gateways.map((g) => [g.node, (g.unseen ?? []).filter((name) => !gone.has(name))]).filter(([, unseen]) => unseen.length)
    .map(([name, unseen]) => `${name} does not see ${names(unseen)}`);
  if (gone.size) parts.unshift(`${names([...gone])} did not answer`);
  if (parts.length) return `${parts.join('; ')}.`;
  if (gateways.length === 1) return `${gateways[0].node} is alone.`;
  return gateways.length === 2 ? 'Both gateways see each other.' : `All ${plural(gateways.length, 'gateway')} see each other.`;
}
