// What a person should look at: gateways that are missing, drains, slow connections, warnings and errors.

import { $, element, reconcile, setText, showText } from './dom.js';
import { age, bytes, count, plural, timeOfDay } from './format.js';

const SHOWN_ERRORS = 60;

export function showTrouble(overview) {
  showNotices(overview);
  showSlow(overview.gateways);
  showErrors(overview.gateways);
}

function showNotices({ gateways, missing = [], at }) {
  const notices = [
    ...missing.map((m) => ({ id: `missing ${m.node}`, bad: true, title: `${m.node} did not answer`, text: m.reason })),
    ...gateways.filter((g) => g.draining).map((g) => ({ id: `drain ${g.boot}`, title: `${g.node} drains`, text: drainText(g.drain, Date.parse(at)) })),
  ];
  reconcile($('notices'), notices, (n) => n.id, (n) => element('p', n.bad ? 'notice bad' : 'notice', element('strong', ''), element('span', '')),
    (node, n) => { setText(node.children[0], n.title); setText(node.children[1], n.text); });
}

function drainText(drain, now) {
  const parts = [];
  if (drain.reason) parts.push(`because of “${drain.reason}”`);
  if (drain.startedAt) parts.push(`for ${age((now - Date.parse(drain.startedAt)) / 1000)}`);
  parts.push(`${count(drain.connections)} of ${plural(drain.atStart, 'connection')} left, ${count(drain.moved)} moved`);
  if (drain.forced) parts.push(`${count(drain.forced)} had to be closed`);
  if (drain.leaseUntil) parts.push(`takes clients again at ${timeOfDay(drain.leaseUntil)} unless renewed`);
  return parts.join(', ');
}

function showSlow(gateways) {
  const slow = gateways.flatMap((g) => (g.slow ?? []).map((s) => ({ ...s, gateway: g.node }))).sort((a, b) => b.queuedBytes - a.queuedBytes);
  const total = gateways.reduce((n, g) => n + (g.slowTotal ?? 0), 0);
  const closed = gateways.reduce((n, g) => n + (g.slowCloses ?? 0), 0);
  setText($('slow-count'), total ? count(total) : '');
  $('slow').hidden = slow.length === 0;
  reconcile($('slow'), slow, (s) => s.conn, makeSlow, (row, s) => {
    setText(row.querySelector('.size'), `${bytes(s.queuedBytes)} wait`);
    setText(row.querySelector('small'), `for ${s.behindMs < 1000 ? 'under 1 s' : age(s.behindMs / 1000)} · ${s.address} · ${s.gateway}`);
  });
  const ever = closed ? ` ${count(closed)} too slow to keep ${closed === 1 ? 'was' : 'were'} closed since the gateways started.` : '';
  showText($('slow-empty'), slow.length ? ever.trim() : `Everybody reads as fast as events come.${ever}`);
}

function makeSlow(s) {
  return element('li', '', element('div', '', element('b', '', s.member), element('span', 'size')), element('small', ''));
}

function showErrors(gateways) {
  const all = gateways.flatMap((g) => (g.errors ?? []).map((e) => ({ ...e, gateway: g.node })))
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, SHOWN_ERRORS);
  $('errors-empty').hidden = all.length > 0;
  reconcile($('errors'), all, (e) => `${e.gateway} ${e.at} ${e.message} ${e.detail ?? ''}`, (e) => {
    const time = element('time', '', timeOfDay(e.at));
    time.dateTime = e.at;
    time.title = new Date(e.at).toLocaleString();
    const what = element('div', 'what', e.message, e.count > 1 ? ` × ${count(e.count)}` : '', element('span', 'where', ` · ${e.gateway}`));
    if (e.detail) what.append(element('small', '', e.detail));
    return element('li', '', time, element('span', `level ${e.level}`, e.level === 'warn' ? 'Warning' : 'Error'), what);
  });
}
