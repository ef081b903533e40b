// The table of gateways.

import { askDrain } from './actions.js';
import { $, element, reconcile, setText } from './dom.js';
import { age, count, millis, names, rate } from './format.js';

/** refresh is called after something was changed. */
export function showGateways({ gateways, missing = [], at, actions }, refresh) {
  const gone = new Set(missing.map((m) => m.node)); // a notice says so already
  const seeing = gateways.map((g) => ({ ...g, unseen: (g.unseen ?? []).filter((name) => !gone.has(name)) }));
  reconcile($('gateways'), seeing, (g) => g.boot, makeRow, (row, g) => {
    updateRow(row, g, Date.parse(at));
    updateAction(row.cells[8], g, actions, refresh);
  });
}

function makeRow() {
  const cell = (className) => element('td', className);
  return element('tr', '', cell('name'), cell('status'), cell('n load'), cell('n'), cell('n'), cell('n'), cell(''), cell(''), cell('act'));
}

function updateRow(row, g, now) {
  const [name, state, load, into, out, p99, up, version] = row.cells;
  setText(name, g.node);
  replace(state, `${stateOf(g)[1]}|${notesOf(g).map(([, text]) => text).join('|')}|${g.drain.connections}`, () => [
    element('span', `state ${stateOf(g)[0]}`, stateOf(g)[1]), ...drainBar(g), ...notesOf(g).map(([kind, text]) => element('span', `note ${kind}`, text)),
  ]);
  replace(load, `${g.connections}/${g.maxConnections}`, () => [count(g.connections), meter(g)]);
  setText(into, g.figures ? rate(g.figures.in) : '–');
  setText(out, g.figures ? rate(g.figures.out) : '–');
  setText(p99, millis(g.figures?.p99Ms));
  setText(up, age((now - Date.parse(g.startedAt)) / 1000));
  setText(version, g.version);
}

/** Gives a cell new content if what it shows has changed. */
function replace(cell, signature, content) {
  if (cell.dataset.shows === signature) return;
  cell.dataset.shows = signature;
  cell.replaceChildren(...content());
}

function stateOf(g) {
  if (g.draining) return ['drain', g.drain.phase === 'drained' ? 'Drained' : 'Draining'];
  return g.ready ? ['', 'Ready'] : ['off', 'Not ready'];
}

function notesOf(g) {
  const notes = [];
  if (g.draining && g.drain.phase !== 'drained') notes.push(['warn', `${g.drain.phase}: ${count(g.drain.connections)} of ${count(g.drain.atStart)} left`]);
  if (!g.ready && !g.draining && g.reason) notes.push(['', g.reason]);
  if (g.unseen.length) notes.push(['', `does not see ${names(g.unseen)}`]);
  return notes;
}

function drainBar(g) {
  if (!g.draining || !g.drain.atStart) return [];
  const bar = element('progress', '');
  bar.max = g.drain.atStart;
  bar.value = Math.max(0, g.drain.atStart - g.drain.connections);
  bar.setAttribute('aria-label', `${bar.value} of ${bar.max} connections have gone`);
  return [bar];
}

function meter(g) {
  const node = element('meter', '');
  Object.assign(node, { min: 0, max: g.maxConnections, low: 0.8 * g.maxConnections, high: 0.95 * g.maxConnections, optimum: 0, value: g.connections });
  node.title = `of at most ${count(g.maxConnections)}`;
  node.setAttribute('aria-label', `${count(g.connections)} of at most ${count(g.maxConnections)} connections`);
  return node;
}

/** The button keeps the focus while its gateway is shown anew. */
function updateAction(cell, g, actions, refresh) {
  if (!actions) {
    cell.replaceChildren();
    return;
  }
  const button = cell.firstElementChild ?? cell.appendChild(element('button', ''));
  button.type = 'button';
  setText(button, g.draining ? 'Cancel drain' : 'Drain');
  button.setAttribute('aria-label', `${button.textContent} of ${g.node}`);
  button.onclick = () => askDrain(g, refresh);
}
