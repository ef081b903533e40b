// The channel on the screen: it wires a client to the views, and the controls to the client.

import { endpoint } from './address.js';
import { Arrivals } from './arrivals.js';
import { setUpComposer } from './composer.js';
import { $ } from './dom.js';
import { randomId } from './ids.js';
import { Log } from './log.js';
import { Notice } from './notice.js';
import { People } from './people.js';
import { Starling } from './starling.js';
import { Status } from './status.js';
import { Unread } from './unread.js';
import { explain, roughly } from './words.js';

const JSON_SHOWN = 2_000;
const OPTIONS = { backoff: { firstMs: 500, mostMs: 20_000 }, maxQueued: 50 };

export class Room {
  #name;
  #client;
  #channel;
  #detach;
  #log;
  #people;
  #arrivals;
  #status;
  #notice = new Notice();
  #unread;
  #gateway = '';
  #open = true;

  /** onStopped(error) is called when the gateway will not have this member or this channel. */
  constructor({ name, channel, onStopped }) {
    this.#name = name;
    this.#unread = new Unread(`#${channel} · Starling`);
    $('room-channel').textContent = channel;
    $('text').placeholder = `Message #${channel}`;
    this.#log = new Log({ frame: $('log'), list: $('messages'), empty: $('empty'), jump: $('jump'), me: name });
    const counts = [$('people-count'), $('side-count')];
    this.#people = new People({ list: $('people'), more: $('people-more'), counts, typing: $('typing') }, name);
    this.#status = new Status({
      chip: $('status'), text: $('status-text'), wait: $('status-wait'), gateway: $('conn-gateway'), rtt: $('conn-rtt'),
      connId: $('conn-id'), button: $('reconnect'),
    });
    this.#arrivals = new Arrivals((text) => this.#log.note(text));
    this.#client = new Starling(endpoint(), { member: name, ...OPTIONS });
    this.#channel = this.#client.channel(channel);
    this.#listen(onStopped);
    this.#detach = setUpComposer({ send: (text) => this.#send(text), typing: this.#channel.typing });
    $('reconnect').onclick = () => this.#client.connect();
    this.#channel.join();
  }

  /** Leaves the channel and takes everything off the screen. */
  close() {
    this.#open = false;
    this.#detach();
    this.#client.close();
    this.#log.close();
    this.#notice.hide();
    this.#status.hide();
    document.title = 'Starling';
  }

  /** The person looks at the page again. */
  read() {
    this.#unread.read();
  }

  #listen(onStopped) {
    const channel = this.#channel;
    const on = (emitter, type, fn) => emitter.on(type, (...args) => this.#open && fn(...args));
    on(this.#client, 'status', (status) => {
      if (status.phase === 'failed') onStopped(status.error);
      else this.#showStatus(status);
    });
    on(this.#client, 'error', (err) => this.#problem(err));
    channel.onState((state) => {
      if (!this.#open) return;
      if (state === 'refused') onStopped(channel.error);
      else this.#showStatus(this.#client.status);
    });
    on(channel, 'join', (how) => this.#joined(how));
    on(channel, 'gap', (gap) => this.#gap(gap));
    on(channel, '*', (payload, event) => this.#message(event));
    on(channel.presence, 'change', (changes) => this.#presence(changes));
    on(channel.typing, 'change', (members) => this.#people.typing(members));
  }

  /** A connection is worth nothing to the person before the channel is joined on it. */
  #showStatus(status) {
    const phase = status.phase === 'online' && this.#channel.state !== 'joined' ? 'connecting' : status.phase;
    this.#status.show({ ...status, phase });
    $('room').classList.toggle('offline', phase !== 'online');
  }

  #joined({ gateway }) {
    if (this.#gateway) {
      const same = gateway === this.#gateway;
      this.#log.note(same ? `Reconnected, to ${gateway} again` : `Moved from ${this.#gateway} to ${gateway}`);
    }
    this.#gateway = gateway;
  }

  #gap({ reason, gateway, awayMs }) {
    if (reason === 'away') this.#warn(`You were disconnected for ${roughly(awayMs)}. What was said meanwhile is not shown.`);
    else if (reason === 'partial') this.#warn('Not every gateway has answered yet. Some messages may be missing for a moment.');
    else this.#warn(`Some messages that came through ${gateway} may be missing here.`);
  }

  #presence({ joined, left }) {
    this.#people.show(this.#channel.presence);
    const others = (names) => names.filter((name) => name !== this.#name);
    this.#arrivals.add({ joined: others(joined), left: others(left) });
  }

  #message({ type, from, payload, ts }) {
    this.#arrivals.flush();
    if (type === 'chat' && typeof payload?.text === 'string') this.#log.message({ from, text: payload.text, ts });
    else this.#log.event({ from, type, json: JSON.stringify(payload, null, 1).slice(0, JSON_SHOWN), ts });
    this.#unread.add();
  }

  #send(text) {
    const size = new TextEncoder().encode(JSON.stringify({ text })).length;
    // Room for the envelope around the text: type, id, channel, key and time.
    const most = this.#client.status.maxMessageBytes - 700;
    if (size > most) {
      this.#notice.show(`That message has ${size} bytes, and the gateway takes ${most}. Make it shorter.`);
      return false;
    }
    const key = randomId();
    this.#arrivals.flush();
    this.#log.outgoing(key, text);
    this.#channel.publish('chat', { text }, { key }).then(
      () => this.#log.sent(key),
      (err) => this.#log.failed(key, explain(err), () => this.#send(text)),
    );
    return true;
  }

  #warn(text) {
    this.#arrivals.flush();
    this.#log.note(text, 'warning');
  }

  #problem(err) {
    // A typing signal more or less is not worth a word.
    if (err.request !== 'typing') this.#notice.show(explain(err));
  }
}
