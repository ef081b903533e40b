import { Starling } from "/demo/starling.js";
import { shareCursors } from "./cursors.js";

const member = `guest-${Math.random().toString(36).slice(2, 6)}`;
const room = new Starling("/ws", { member }).channel("cursors");
const arrows = new Map();

// Positions are shares of the window, whose size differs from person to person.
const point = shareCursors(room, (who, at) => {
  if (!at) {
    arrows.get(who)?.remove();
    arrows.delete(who);
    return;
  }
  if (!arrows.has(who)) {
    const arrow = document.createElement("div");
    arrow.className = "cursor";
    arrow.textContent = `➤ ${who}`;
    arrows.set(who, document.body.appendChild(arrow));
  }
  arrows.get(who).style.translate = `${at[0] * 100}vw ${at[1] * 100}vh`;
});

addEventListener("pointermove", ({ clientX, clientY }) => point(clientX / innerWidth, clientY / innerHeight));
room.presence.on("change", () => { document.querySelector("#people").textContent = [...room.presence].sort().join(", "); });
room.join();
