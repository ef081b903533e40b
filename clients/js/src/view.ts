// Who is in a channel and who is typing there, as one connection sees it: a snapshot and the changes that follow it. Each
// connection keeps its own, because the changes of one must not be applied to the snapshot of another.

/** Who joined and who left; undefined after a snapshot, which may have changed everything. */
export type Change = [joined: string[], left: string[]] | undefined;

const NOTHING: Change = [[], []];

export class View {
  _members = new Set<string>();
  _typing = new Set<string>();
  /** How many members are present, listed or not. */
  _count = 0;
  /** Whether the list of members is whole. */
  _exact = false;

  /** Applies a frame of presence or typing. Frames that make no sense change nothing. */
  _apply(type: string, { memberId, members, memberCount, typing, truncated }: any): Change {
    switch (type) {
      case "presence:snapshot":
        this._members = new Set(members);
        this._typing = new Set(typing);
        this._count = memberCount;
        this._exact = !truncated && memberCount === this._members.size;
        return undefined;
      case "presence:join":
        if (this._members.has(memberId)) break;
        this._members.add(memberId);
        this._count += 1;
        return [[memberId], []];
      case "presence:leave":
        // No typing:false follows a leave: the leave says it.
        this._typing.delete(memberId);
        if (!this._members.delete(memberId) && this._exact) break;
        this._count -= 1;
        return [[], [memberId]];
      case "presence:count":
        this._count = memberCount;
        break;
      case "typing":
        this._typing[typing ? "add" : "delete"](memberId);
    }
    return NOTHING;
  }
}
