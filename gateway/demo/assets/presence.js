// Who is in the channel and who is typing, as one connection sees it: a snapshot and the changes that follow it. Each
// connection keeps its own, because the changes of one must not be applied to the snapshot of another.

export class Presence {
  #members = new Set();
  #typing = new Set();
  #count = 0;
  #truncated = false;

  /** The members by name, without those that a truncated snapshot left out. */
  get members() {
    return [...this.#members].sort((a, b) => a.localeCompare(b));
  }

  get typing() {
    return [...this.#typing].sort((a, b) => a.localeCompare(b));
  }

  /** How many members are present, listed or not. */
  get count() {
    return this.#truncated ? Math.max(this.#count, this.#members.size) : this.#members.size;
  }

  has(member) {
    return this.#members.has(member);
  }

  /** Applies a presence frame and reports what changed: { joined, left, typing }. Unknown types change nothing. */
  apply(type, payload) {
    switch (type) {
      case 'presence:snapshot': return this.#replace(payload);
      case 'presence:join': return this.#join(payload.memberId);
      case 'presence:leave': return this.#leave(payload.memberId);
      case 'typing': return this.#setTyping(payload.memberId, payload.typing);
      default: return { joined: [], left: [], typing: false };
    }
  }

  /** What it takes to get from another view to this one: { joined, left }. */
  since(before) {
    return {
      joined: this.members.filter((m) => !before.has(m)),
      left: this.#truncated ? [] : before.members.filter((m) => !this.#members.has(m)),
    };
  }

  #replace({ members = [], typing = [], memberCount = members.length, truncated = false }) {
    const before = new Presence();
    before.#members = this.#members;
    this.#members = new Set(members);
    this.#typing = new Set(typing);
    this.#count = memberCount;
    this.#truncated = truncated;
    return { ...this.since(before), typing: true };
  }

  #join(member) {
    if (this.#members.has(member)) return { joined: [], left: [], typing: false };
    this.#members.add(member);
    this.#count += 1;
    return { joined: [member], left: [], typing: false };
  }

  #leave(member) {
    const known = this.#members.delete(member);
    if (known || this.#truncated) this.#count -= 1;
    // No typing:false follows a leave: the leave says it.
    const typing = this.#typing.delete(member);
    return { joined: [], left: known || this.#truncated ? [member] : [], typing };
  }

  #setTyping(member, typing) {
    if (typing) this.#typing.add(member);
    else this.#typing.delete(member);
    return { joined: [], left: [], typing: true };
  }
}
