// The channel on the screen: it wires a client to the views, and the controls to the client.

import { endpoint } from './address.js';
import { Arrivals } from './arrivals.js';
import { Client } from './client.js';
import { setUpComposer } from './composer.js';
import { $ } from './dom.js';
import { randomId } from './ids.js';
import { Log } from './log.js';
import { Notice } from './notice.js';
import { People } from './people.js';
import { Status } from './status.js';
import { Unread } from './unread.js';
import { explain, roughly } from './words.js';

const JSON_SHOWN = 2_000;

export class Room {
  #name;
  #client;
  #composer;
  #log;
  #people;
  #arrivals;
  #status;
  #notice = new Notice();
  #unread;
  #gateway = '';

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
    // One session for the life of this page: it ties the connections that overlap while it moves.
    this.#client = new Client({ url: endpoint(name, randomId()), channel, on: this.#listeners(onStopped) });
    this.#composer = setUpComposer({
      send: (text) => this.#send(text),
      typing: (flag) => this.#client.setTyping(flag),
    });
    $('reconnect').onclick = () => this.#client.connect();
    this.#client.connect();
  }

  /** Leaves the channel and takes everything off the screen. */
  close() {
    this.#composer.detach();
    this.#client.stop();
    this.#log.close();
    this.#notice.hide();
    this.#status.hide();
    document.title = 'Starling';
  }

  /** The page or the network has just come back. */
  wake() {
    this.#client.check();
    if (!document.hidden) this.#unread.read();
  }

  #listeners(onStopped) {
    return {
      status: (status) => this.#showStatus(status),
      joined: (how) => this.#joined(how),
      presence: (presence, changes) => this.#presence(presence, changes),
      typing: (presence) => this.#people.typing(presence),
      message: (frame) => this.#message(frame),
      sent: ({ key }) => this.#log.sent(key),
      failed: ({ key, frame }, err) => this.#failed(key, frame.payload.text, err),
      gap: ({ gateway }) => this.#warn(`Some messages that came through ${gateway} may be missing here.`),
      problem: (err) => this.#problem(err),
      stopped: onStopped,
    };
  }

  #showStatus(status) {
    this.#status.show(status);
    $('room').classList.toggle('offline', status.phase !== 'online');
    if (status.phase !== 'online') this.#people.typing(null);
  }

  #joined({ gateway, awayMs, partial }) {
    if (awayMs > 0) this.#warn(`You were disconnected for ${roughly(awayMs)}. What was said meanwhile is not shown.`);
    if (this.#gateway) {
      const same = gateway === this.#gateway;
      this.#log.note(same ? `Reconnected, to ${gateway} again` : `Moved from ${this.#gateway} to ${gateway}`);
    }
    if (partial) this.#warn('Not every gateway has answered yet. Some messages may be missing for a moment.');
    this.#gateway = gateway;
    this.#composer?.signal.repeat();
  }

  #presence(presence, { joined, left }) {
    this.#people.show(presence);
    const others = (names) => names.filter((name) => name !== this.#name);
    this.#arrivals.add({ joined: others(joined), left: others(left) });
  }

  #message({ type, from, payload, ts }) {
    this.#arrivals.flush();
    if (type === 'chat' && typeof payload.text === 'string') this.#log.message({ from, text: payload.text, ts });
    else this.#log.event({ from, type, json: JSON.stringify(payload, null, 1).slice(0, JSON_SHOWN), ts });
    this.#unread.add();
  }

  #send(text) {
    const size = new TextEncoder().encode(JSON.stringify({ text })).length;
    // Room for the envelope around the text: type, id, channel, key and time.
    const most = this.#client.maxMessageBytes - 700;
    if (size > most) {
      this.#notice.show(`That message has ${size} bytes, and the gateway takes ${most}. Make it shorter.`);
      return false;
    }
    const key = randomId();
    if (!this.#client.publish(key, 'chat', { text })) {
      this.#notice.show('Too many messages are waiting to be sent. Wait until the page is connected again.');
      return false;
    }
    this.#arrivals.flush();
    this.#log.outgoing(key, text);
    return true;
  }

  #failed(key, text, err) {
    this.#log.failed(key, err.code ? explain(err) : 'No gateway took it in time.', () => this.#send(text));
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
