// The dashboard: asks the gateway every two seconds and shows what it answers. When it does not answer, the page keeps what it has, says
// since when, and goes on asking.

import { Failure, get, key } from './api.js';
import { Channels } from './channels.js';
import { Chart } from './chart.js';
import { $, element, setText, showText } from './dom.js';
import { age, count, millis, rate } from './format.js';
import { showGateways } from './gateways.js';
import { drawGraph } from './graph.js';
import { History } from './history.js';
import { showTrouble } from './trouble.js';

const EVERY_MS = 2_000;
const SLOWEST_MS = 10_000;

const past = new History();
const charts = [
  new Chart($('c-connections'), { title: 'Connections', series: [{ field: 'connections' }], least: 2, format: (v) => (v === null ? '–' : count(v)) }),
  new Chart($('c-messages'), {
    title: 'Messages', hint: 'in: publishes that clients sent and that were accepted; out: frames written to clients, with presence, typing and replies',
    series: [{ field: 'out', name: 'out' }, { field: 'in', name: 'in' }], least: 2, format: (v, axis) => (v === null ? '–' : `${rate(v)}${axis ? '' : '/s'}`),
  }),
  new Chart($('c-p99'), {
    title: 'Delivery, p99',
    hint: '99 of 100 frames were handed to the kernel within this time after they were queued, on the slowest gateway; without the network, and without the slow connections below',
    series: [{ field: 'p99' }], format: millis,
  }),
];
const channels = new Channels(() => poll());
let timer = 0;
let failures = 0;
let seen = 0;
let busy = false;
let again = false;

/** Asks now, and then again and again. */
async function poll() {
  if (busy) {
    again = true;
    return;
  }
  clearTimeout(timer);
  busy = true;
  try {
    const [overview] = await Promise.all([get('overview', { since: past.since }), channels.load()]);
    show(overview);
  } catch (err) {
    fail(err);
  }
  busy = false;
  const wait = again ? 0 : Math.min(SLOWEST_MS, EVERY_MS * 2 ** Math.max(0, failures - 1));
  again = false;
  if (!document.hidden && $('gate').hidden) timer = setTimeout(poll, wait);
}

function show(overview) {
  failures = 0;
  seen = Date.now();
  past.add(overview.gateways);
  reveal('board');
  document.body.dataset.state = 'live';
  setText($('cluster'), overview.cluster);
  setText($('live'), 'Live');
  setText($('live-detail'), `from ${overview.answered}`);
  document.title = `${overview.cluster} · Starling`;
  $('forget').hidden = !key.get();
  showTiles(overview);
  const points = past.series();
  for (const chart of charts) chart.show(points);
  channels.actions = overview.actions;
  showGateways(overview, poll);
  showText($('sight-text'), drawGraph($('graph'), overview));
  showTrouble(overview);
}

function showTiles({ gateways, missing = [] }) {
  const all = gateways.length + missing.length;
  const ready = gateways.filter((g) => g.ready).length;
  $('t-gateways').replaceChildren(count(ready), element('small', '', ` of ${count(all)}`));
  $('t-gateways').classList.toggle('off', ready < all);
  setText($('t-connections'), count(gateways.reduce((n, g) => n + g.connections, 0)));
  setText($('t-members'), count(Math.max(...gateways.map((g) => g.members))));
  setText($('t-channels'), count(Math.max(...gateways.map((g) => g.channels))));
}

function fail(err) {
  if (!(err instanceof Failure)) throw err;
  if (err.status === 401) return askForKey();
  if (err.status === 403) {
    showText($('refused-text'), `${err.message[0].toUpperCase()}${err.message.slice(1)}.`);
    reveal('refused');
    document.body.dataset.state = 'stale';
    setText($('live'), 'Refused');
  } else {
    document.body.dataset.state = 'stale';
    setText($('live'), seen ? 'Reconnecting' : 'Connecting');
  }
  failures += 1;
  tellAge(err.message);
  return undefined;
}

function tellAge(why) {
  setText($('live-detail'), seen ? `last seen ${age((Date.now() - seen) / 1000)} ago` : why);
}

/** Shows one of the page's faces. */
function reveal(id) {
  for (const face of ['gate', 'refused', 'board']) $(face).hidden = face !== id;
}

function askForKey() {
  const wrong = key.get() !== '';
  key.forget();
  reveal('gate');
  document.body.dataset.state = 'locked';
  $('forget').hidden = true;
  setText($('live'), 'Locked');
  setText($('live-detail'), '');
  showText($('key-error'), wrong ? 'The gateway does not take this key.' : '');
  $('key').focus();
}

$('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const value = $('key').value.trim();
  if (!/^[\x21-\x7e]+$/.test(value)) {
    showText($('key-error'), value ? 'A key has no spaces and no special letters.' : 'Enter a key.');
    return;
  }
  key.set(value);
  $('key').value = '';
  $('gate').hidden = true;
  poll();
});
$('forget').addEventListener('click', () => {
  key.forget();
  location.reload();
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) poll(); });
setInterval(() => { if (document.body.dataset.state === 'stale' && seen) tellAge(''); }, 1_000);

poll();
