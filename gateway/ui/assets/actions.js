// What the dashboard may change, where the gateway lets it: a person confirms it first, and sees when it fails.

import { Failure, post } from './api.js';
import { $, setText, showText } from './dom.js';
import { plural } from './format.js';

/** Asks, and does it when the answer is yes. done is called after it has worked. */
export function confirmed({ title, text, verb, path, body, done }) {
  const dialog = $('ask');
  const yes = $('ask-yes');
  setText($('ask-title'), title);
  setText($('ask-text'), text);
  setText(yes, verb);
  showText($('ask-error'), '');
  yes.onclick = async () => {
    yes.disabled = true;
    try {
      await post(path, body);
      dialog.close();
      done();
    } catch (err) {
      if (!(err instanceof Failure)) throw err;
      showText($('ask-error'), err.message);
    } finally {
      yes.disabled = false;
    }
  };
  dialog.showModal();
}

export function askDrain(gateway, done) {
  const { node, boot, draining, connections } = gateway;
  confirmed(draining ? {
    title: `Cancel the drain of ${node}?`, text: 'It takes clients again. Those that have moved stay where they are.', verb: 'Cancel the drain',
    path: 'drain', body: { boot, cancel: true }, done,
  } : {
    title: `Drain ${node}?`, verb: 'Drain', path: 'drain', body: { boot, cancel: false }, done,
    text: `Its clients move to the other gateways: ${plural(connections, 'connection')}. It takes clients again after ten minutes, or when you cancel.`,
  });
}

export function askDisconnect(member, done) {
  confirmed({
    title: `Disconnect ${member}?`, text: 'All connections of this member end, on every gateway. Its clients may connect again.', verb: 'Disconnect',
    path: 'disconnect', body: { member }, done,
  });
}
