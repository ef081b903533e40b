// The page: the entrance, or a room, as the address says.

import { invitation, readAddress, writeAddress } from './address.js';
import { $ } from './dom.js';
import { hideEntrance, setUpEntrance, showEntrance } from './entrance.js';
import { suggestName } from './ids.js';
import { Room } from './room.js';
import { setUpSide } from './side.js';
import { setUpThemeToggle } from './theme-toggle.js';
import { explain, fieldOf } from './words.js';

let room = null;
const side = setUpSide();

function enter({ name, channel }) {
  room?.close();
  hideEntrance();
  $('room').hidden = false;
  writeAddress({ name, channel });
  room = new Room({ name, channel, onStopped: (err) => leave({ field: fieldOf(err), error: explain(err) }) });
  $('text').focus();
}

function leave(problem = {}) {
  room?.close();
  room = null;
  side.close();
  $('room').hidden = true;
  const place = fromAddress();
  writeAddress({ channel: place.channel });
  showEntrance({ ...place, ...problem });
}

function fromAddress() {
  const { name, channel } = readAddress();
  return { name: name || suggestName(), channel: channel || 'lobby' };
}

/** Goes where the address says: into the room when it names both, else to the entrance. */
function follow() {
  const { name, channel } = readAddress();
  if (name && channel) enter({ name, channel });
  else leave();
}

async function copyInvitation() {
  const link = invitation(readAddress().channel);
  try {
    await navigator.clipboard.writeText(link);
    $('copied').textContent = 'Link copied';
  } catch {
    // Without TLS browsers refuse the clipboard: the person can still copy from here.
    prompt('Copy this link', link);
  }
  setTimeout(() => { $('copied').textContent = ''; }, 2_000);
}

setUpThemeToggle($('theme'));
setUpEntrance(enter);
$('leave').addEventListener('click', () => leave());
$('copy').addEventListener('click', copyInvitation);
addEventListener('hashchange', follow);
document.addEventListener('visibilitychange', () => document.hidden || room?.read());
follow();
