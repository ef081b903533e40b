// Everybody's cursor in a channel. It knows nothing of how cursors are drawn.

/** The least time between two events of one person. */
const EVERY_MS = 50;

/**
 * Shows the others' cursors: calls show(member, [x, y]) when one moves, and show(member) when it goes. Returns the function to call with each
 * move of one's own: point(x, y).
 */
export function shareCursors(channel, show) {
  let position;
  let timer;

  // Of the moves within EVERY_MS only the last is sent, and none while the connection is away: an old position helps nobody.
  const send = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (channel.state === "joined") channel.publish("cursor", position).catch(() => {});
    }, EVERY_MS);
  };

  channel.on("cursor", (at, { from }) => show(from, at));
  channel.presence.on("leave", (member) => show(member));
  // There is no history: who comes learns where this cursor is by being told again. So does everybody after a break.
  channel.presence.on("join", () => position && send());
  channel.on("join", () => position && send());

  return (x, y) => {
    position = [x, y];
    send();
  };
}
