// The list of channels with its search, and who is in the one that is chosen. The choice is in the page's address, to be kept and sent.

import { askDisconnect } from './actions.js';
import { get } from './api.js';
import { $, element, reconcile, setText, showText, svg } from './dom.js';
import { count, plural } from './format.js';

const LIMIT = 50;
const SHOWN_MEMBERS = 300;

export class Channels {
  #search = '';
  #chosen = null;
  #asked = 0;
  /** Whether members can be disconnected. */
  actions = false;

  /** refresh is called when something else is to be shown at once. */
  constructor(refresh) {
    this.refresh = refresh;
    $('search').addEventListener('input', () => { this.#search = $('search').value.trim(); refresh(); });
    $('detail-close').addEventListener('click', () => this.#choose(null));
    document.addEventListener('keydown', (event) => this.#shortcut(event));
    addEventListener('hashchange', () => this.#follow());
    this.#chosen = inAddress();
  }

  /** Asks for what is to be shown. What an earlier call got later is dropped. */
  async load() {
    const turn = ++this.#asked;
    const chosen = this.#chosen;
    const [list, detail] = await Promise.all([
      get('channels', { search: this.#search, limit: LIMIT }), chosen === null ? null : get('channel', { name: chosen }),
    ]);
    if (turn !== this.#asked) return;
    this.#showList(list);
    this.#showDetail(detail);
  }

  #follow() {
    const name = inAddress();
    if (name === this.#chosen) return;
    this.#chosen = name;
    this.refresh();
  }

  #choose(name) {
    const back = document.querySelector('#channels [aria-current="true"]');
    if (name === null) {
      history.pushState(null, '', location.pathname);
      this.#follow();
      back?.focus();
      return;
    }
    location.hash = new URLSearchParams({ channel: name });
    if (matchMedia('(max-width: 48rem)').matches) $('detail').scrollIntoView({ block: 'start' });
  }

  #shortcut(event) {
    if (event.key === '/' && !event.ctrlKey && !event.metaKey && !(event.target instanceof HTMLInputElement)) {
      event.preventDefault();
      $('search').focus();
    }
    if (event.key === 'Escape' && this.#chosen !== null && !(event.target instanceof HTMLInputElement)) this.#choose(null);
  }

  #showList({ channels, matching }) {
    const largest = channels[0]?.members || 1;
    setText($('channels-count'), matching > channels.length ? `${count(channels.length)} largest of ${count(matching)}` : count(matching));
    $('channels').hidden = channels.length === 0;
    reconcile($('channels'), channels, (c) => c.name, (c) => this.#makeRow(c), (row, c) => this.#updateRow(row, c, largest));
    showText($('channels-empty'), channels.length ? '' : this.#search ? `No channel has “${this.#search}” in its name.`
      : 'No channels yet: there is one as soon as somebody joins it.');
  }

  #makeRow({ name }) {
    const bar = svg('svg', { class: 'bar-line', width: '100%', height: 3, 'aria-hidden': 'true' }, svg('rect', { height: 3, rx: 1.5 }));
    const button = element('button', '', element('span', 'name', name), element('span', 'size'), bar);
    button.type = 'button';
    button.title = name;
    button.addEventListener('click', () => this.#choose(name));
    return element('li', '', button);
  }

  #updateRow(row, { name, members, typing }, largest) {
    const button = row.firstElementChild;
    button.setAttribute('aria-current', String(name === this.#chosen));
    button.querySelector('rect').setAttribute('width', `${Math.max(0.5, (100 * members) / largest)}%`);
    const text = plural(members, 'member') + (typing ? `, ${count(typing)} typing` : '');
    setText(button.querySelector('.size'), text);
  }

  #makeMember(member) {
    const button = element('button', 'quiet', '×');
    button.type = 'button';
    button.title = 'Disconnect';
    button.setAttribute('aria-label', `Disconnect ${member}`);
    button.addEventListener('click', () => askDisconnect(member, this.refresh));
    return element('li', '', element('span', '', member), element('em', '', 'types'), button);
  }

  #showDetail(detail) {
    $('detail-close').hidden = !detail;
    showText($('detail-empty'), detail ? (detail.memberCount ? '' : 'Nobody is in this channel.') : 'Choose a channel to see who is in it, and who types.');
    setText($('detail-title'), detail ? detail.name : 'Members');
    showText($('detail-facts'), detail?.memberCount ? `${plural(detail.memberCount, 'member')}, ${count(detail.typing.length)} typing` : '');
    $('members').hidden = !detail?.memberCount;
    showText($('members-more'), '');
    if (!detail) return;
    const typing = new Set(detail.typing);
    const order = [...detail.typing, ...detail.members.filter((member) => !typing.has(member))].slice(0, SHOWN_MEMBERS);
    reconcile($('members'), order, (member) => member, (member) => this.#makeMember(member), (chip, member) => {
      chip.className = typing.has(member) ? 'types' : '';
      chip.querySelector('em').hidden = !typing.has(member);
      chip.querySelector('button').hidden = !this.actions;
    });
    if (detail.memberCount > order.length) showText($('members-more'), `and ${count(detail.memberCount - order.length)} more`);
  }
}

/** The channel that the page's address names, or null. */
const inAddress = () => new URLSearchParams(location.hash.slice(1)).get('channel');
