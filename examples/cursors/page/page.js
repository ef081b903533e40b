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
  const [x, y] = at;
  const arrow = arrows.get(who) ?? draw(who);
  arrow.style.translate = `${x * 100}vw ${y * 100}vh`;
  // The name stays within the window.
  arrow.classList.toggle("left", x > 0.5);
  arrow.classList.toggle("above", y > 0.5);
});

/** Makes a cursor with a name, in a color that is the same on everybody's page. */
function draw(who) {
  const arrow = document.createElement("div");
  arrow.className = "cursor";
  const hue = [...who].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 0);
  arrow.style.setProperty("--color", `oklch(0.48 0.14 ${hue})`);
  arrow.append(Object.assign(document.createElement("span"), { textContent: who }));
  arrows.set(who, document.body.appendChild(arrow));
  return arrow;
}

addEventListener("pointermove", ({ clientX, clientY }) => point(clientX / innerWidth, clientY / innerHeight));
room.presence.on("change", () => { document.querySelector("#people").textContent = [...room.presence].sort().join(", "); });
room.join();
