// Who is in a channel, as the program sees it: one set that lives through breaks and moves.

import { Emitter } from "./emitter.js";
import type { Change, View } from "./view.js";

/** What happened to the set at once. After a break, both lists are the exact difference. */
export interface PresenceChange {
  readonly joined: readonly string[];
  readonly left: readonly string[];
}

export interface PresenceEvents {
  join: string;
  leave: string;
  change: PresenceChange;
}

/**
 * The members who are present. It begins with the channel's snapshot, which makes a `change` without names, and then
 * tells who joins and leaves. While the connection is away it stays as it was, and says the exact difference afterwards:
 * a member who was there before and after is never mentioned.
 */
export class Presence extends Emitter<PresenceEvents> {
  #shown = new Set<string>();
  #members: readonly string[] = [];
  #count = 0;
  #exact = false;
  // The views of the connections that are read now, and the one that counts.
  #views = new Set<View>();
  #main: View | undefined;

  /** The ids of the members who are listed, in no particular order: a new array after each change. */
  get members(): readonly string[] {
    return this.#members;
  }

  /** How many members are present, listed or not. */
  get size(): number {
    return this.#count;
  }

  /** Whether not all members are listed: there are too many, or the channel was joined to count them. */
  get truncated(): boolean {
    return this.#count > this.#shown.size;
  }

  has(memberId: string): boolean {
    return this.#shown.has(memberId);
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.#members[Symbol.iterator]() as IterableIterator<string>;
  }

  /** The view of a connection changed. @internal */
  _changed(view: View, change: Change): void {
    this.#views.add(view);
    const main = this.#main;
    if (!main || (view !== main && !main._exact)) return;
    if (!change) this.#compare();
    else if (main._exact) this.#settle(change.flat());
    else this.#list(...change);
  }

  /** From now on this view counts. @internal */
  _show(view: View): void {
    this.#views.add(view);
    this.#main = view;
    this.#compare();
  }

  /** The view's connection is no longer read. What it said last stays until another one counts. @internal */
  _drop(view: View): void {
    if (!this.#views.delete(view)) return;
    if (view === this.#main) this.#main = undefined;
    else if (this.#main?._exact) this.#compare();
  }

  /** The channel was left. @internal */
  _clear(): void {
    this.#views.clear();
    this.#main = undefined;
    this.#exact = false;
    this.#shown.clear();
    this.#publish([], [], 0);
  }

  /** Goes over all members. Only from one whole list to another the difference is known. */
  #compare(): void {
    const { _exact: exact, _members: members } = this.#main!;
    if (exact && this.#exact) {
      this.#settle(new Set([...this.#shown, ...members]));
      return;
    }
    this.#exact = exact;
    this.#shown = new Set(members);
    this.#publish([], []);
  }

  /**
   * Shows these members as the main view has them, where the other views agree. Two gateways learn of a change at
   * different times: what only one of them knows waits until both do, or one connection ends, and so a move between them
   * makes nobody flicker.
   */
  #settle(members: Iterable<string>): void {
    const joined: string[] = [];
    const left: string[] = [];
    for (const member of members) {
      const present = this.#main!._members.has(member);
      if (present === this.#shown.has(member)) continue;
      if ([...this.#views].some((view) => view._exact && view._members.has(member) !== present)) continue;
      (present ? joined : left).push(member);
    }
    this.#list(joined, left);
  }

  #list(joined: string[], left: string[]): void {
    for (const member of joined) this.#shown.add(member);
    for (const member of left) this.#shown.delete(member);
    const count = this.#exact ? this.#shown.size : this.#main!._count;
    if (joined.length + left.length > 0 || count !== this.#count) this.#publish(joined, left, count);
  }

  #publish(joined: string[], left: string[], count = this.#main!._count): void {
    this.#members = [...this.#shown];
    this.#count = count;
    for (const member of joined) this._emit("join", member);
    for (const member of left) this._emit("leave", member);
    this._emit("change", { joined, left });
  }
}
