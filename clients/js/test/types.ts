// What TypeScript has to accept and to refuse. It is compiled against the package, never run.

import { type Channel, RefusedError, Starling, type Status } from "@starling/client";
import { StarlingProvider, useChannel, useDirect, usePresence } from "@starling/client/react";

interface Chat {
  message: { text: string };
  cursor: [x: number, y: number];
}

const client = new Starling<Chat>("wss://example.com/ws", { getToken: async ({ signal }) => (await fetch("/token", { signal })).text() });
const room: Channel<Chat> = client.channel("room");
const other: Channel<{ n: number }> = client.channel<{ n: number }>("other");

room.on("message", ({ text }, { from, mid }) => void [text.length, from?.length, mid?.length]);
room.on("*", (payload, { type }) => void [payload, type.length]);
room.on("gap", ({ reason }) => reason === "away");
room.presence.on("change", ({ joined }) => joined.length);
client.on("status", (status: Status) => status.phase === "online");
client.on("error", (err) => (err instanceof RefusedError ? err.retryAfterMs : err.code));
void room.publish("message", { text: "hello" });
void room.publish("cursor", [1, 2], { except: "none" });
void other.publish("n", 1);

const told = new Starling<Chat, { notice: { text: string } }>("/ws");
told.direct.on("notice", ({ text }, { mid, from }) => void [text.length, mid?.length, from?.length]);
told.direct.on("*", (payload, { type }) => void [payload, type.length]);
told.channel("room").on("message", ({ text }) => text);
client.direct.on("anything", (payload) => payload.anything);
// @ts-expect-error: a direct event has no channel
told.direct.on("notice", (payload, { channel }) => channel);
// @ts-expect-error: no such direct event
told.direct.on("message", () => {});

// @ts-expect-error: no such event
void room.publish("massage", { text: "hello" });
// @ts-expect-error: another payload
void room.publish("message", { txt: "hello" });
// @ts-expect-error: another payload
room.on("message", (payload: number) => payload);
// @ts-expect-error: no such mode
void room.join({ presence: "some" });
// @ts-expect-error: what is inside stays inside
room._seat;

export function Component(): string {
  const { publish, state } = useChannel<Chat>("room", { on: { message: ({ text }) => text, gap: ({ awayMs }) => awayMs } });
  void publish("message", { text: state });
  useDirect<{ notice: { text: string } }>({ notice: ({ text }) => text.length });
  StarlingProvider({ client: told });
  return usePresence("room").members.join();
}

const untyped = new Starling("/ws");
untyped.channel("any").on("thing", (payload) => payload.anything);
