// The state of the connection: the chip at the top and the panel at the side.

const WORDS = { online: 'Connected', connecting: 'Connecting', waiting: 'Offline' };

export class Status {
  #parts;
  #retryAt = 0;
  #timer = 0;

  /** parts: chip, text, wait, gateway, rtt, connId and button. */
  constructor(parts) {
    this.#parts = parts;
    parts.chip.hidden = false;
  }

  show({ phase, moving, gateway, connId, rttMs, retryAt }) {
    const { chip, text, button } = this.#parts;
    chip.dataset.phase = moving ? 'moving' : phase;
    setText(text, moving ? 'Moving' : gateway ? `${WORDS[phase]} to ${gateway}` : WORDS[phase]);
    setText(this.#parts.gateway, gateway || 'none');
    setText(this.#parts.connId, connId || '–');
    setText(this.#parts.rtt, rttMs === null ? '–' : `${rttMs < 10 ? rttMs.toFixed(1) : Math.round(rttMs)} ms`);
    setText(button.querySelector('span'), phase === 'waiting' ? 'Try now' : 'Reconnect');
    this.#retryAt = phase === 'waiting' ? retryAt : 0;
    this.#countDown();
  }

  hide() {
    clearTimeout(this.#timer);
    this.#parts.chip.hidden = true;
  }

  /** The seconds until the next attempt, outside the live region: a screen reader must not read each of them. */
  #countDown() {
    clearTimeout(this.#timer);
    const seconds = Math.ceil((this.#retryAt - Date.now()) / 1000);
    const text = this.#retryAt === 0 ? '' : seconds > 0 ? `retry in ${seconds} s` : 'retrying';
    setText(this.#parts.wait, text);
    if (seconds > 0 && this.#retryAt > 0) this.#timer = setTimeout(() => this.#countDown(), 500);
  }
}

/** Writes only what changed: live regions announce every write. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
