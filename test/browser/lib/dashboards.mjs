// Clusters for the dashboard to show.

import { gateway, history } from './fakeadmin.mjs';

const wave = (i, n) => 0.5 + 0.5 * Math.sin(i / 9 + n);

function busy(n, more = {}) {
  const steps = history((i) => ({
    connections: Math.round(3900 + 400 * wave(i, n) + i * 3), in: 80 + 60 * wave(i * 1.7, n), out: 4200 + 3100 * wave(i * 1.7, n),
    p99Ms: 0.9 + 1.4 * wave(i * 2.3, n) + (i === 71 ? 9 : 0),
  }));
  const last = steps.at(-1);
  return gateway(n, { connections: last.connections, members: 9_214, channels: 1_204, figures: last, history: steps, ...more });
}

const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Мария', '李雷', 'a-very-long-member-name-without-any-space-in-it-that-goes-on-and-on', '<img src=x onerror=alert(1)>'];

/** Fills a fake admin port with one of everything. */
export function troubled(fake) {
  const now = Date.now();
  const ago = (s) => new Date(now - s * 1000).toISOString();
  fake.overview = {
    cluster: 'chat', answered: 'chat-gateway-1', actions: false,
    gateways: [
      busy(1, {
        slow: [
          { conn: 'c-9', member: 'Grace Hopper', address: '10.1.4.22', queuedBytes: 210_944, behindMs: 8_200 },
          { conn: 'c-12', member: 'dashboard-wall-display', address: '10.1.9.3', queuedBytes: 40_112, behindMs: 900 },
        ],
        slowTotal: 2, slowCloses: 3,
        errors: [
          { at: ago(12), level: 'warn', message: 'peer does not answer', detail: 'peer=chat-gateway-4 address=10.0.3.17:7946 silent=3.1s', count: 4 },
          { at: ago(95), level: 'error', message: 'reading the JWK Set', detail: 'error="Get https://login.example/jwks: context deadline exceeded"', count: 1 },
        ],
        unseen: ['chat-gateway-4'],
      }),
      busy(2, {
        ready: false, draining: true, connections: 1_310, reason: 'draining',
        drain: { phase: 'moving', reason: 'new kernel', startedAt: ago(17), connections: 1_310, atStart: 4_102, moved: 2_792, forced: 0, windowSeconds: 30 },
        errors: [{ at: ago(40), level: 'warn', message: 'peer does not answer', detail: 'peer=chat-gateway-4 address=10.0.3.17:7946 silent=3.0s', count: 1 }],
        unseen: ['chat-gateway-4'],
      }),
      busy(3, { connections: 18_450, unseen: ['chat-gateway-2', 'chat-gateway-4'] }),
    ],
    missing: [{ node: 'chat-gateway-4', boot: 'boot-4', reason: 'no answer within 2 s' }],
  };
  fill(fake);
}

/** A cluster without a care. */
export function calm(fake) {
  fake.overview = { cluster: 'chat', answered: 'chat-gateway-1', actions: false, gateways: [busy(1), busy(2), busy(3)] };
  fill(fake);
}

function fill(fake) {
  fake.channels = [
    { name: 'lobby', members: 2_418, typing: 3, connections: 800 }, { name: 'support:emea', members: 611, typing: 0, connections: 200 },
    { name: 'match:7731', members: 180, typing: 0, connections: 60 }, { name: '<b>not bold</b>', members: 44, typing: 1, connections: 1 },
    { name: 'a-channel-with-a-name-that-is-far-too-long-for-the-width-of-any-panel-of-this-page', members: 12, typing: 0, connections: 2 },
    ...Array.from({ length: 30 }, (_, i) => ({ name: `room:${i}`, members: 9 - Math.floor(i / 4), typing: 0, connections: 1 })),
  ];
  fake.details.set('lobby', {
    memberCount: 2_418, typing: ['Grace Hopper', 'Мария'], members: [...NAMES, ...Array.from({ length: 394 }, (_, i) => `member-${i}`)], truncated: true,
  });
}
