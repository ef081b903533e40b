/**
 * The client of Starling: channels, presence and typing over one connection that survives gateways and networks.
 *
 * @packageDocumentation
 */

export { Channel } from "./channel.js";
export {
  type ClientErrorCode,
  ClosedError,
  QueueFullError,
  RefusedError,
  type ServerErrorCode,
  StarlingError,
  TimeoutError,
  TokenError,
} from "./errors.js";
export { Presence, type PresenceChange, type PresenceEvents } from "./presence.js";
export { Starling } from "./starling.js";
export type { Dial, Target, Transport, WebSocketConstructor, WebSocketLike } from "./transport.js";
export type {
  ChannelEvents,
  ChannelState,
  ClientEvents,
  Direct,
  Except,
  Gap,
  Joined,
  Options,
  PresenceMode,
  Published,
  PublishOptions,
  Sent,
  Status,
  TokenRequest,
} from "./types.js";
export { Typing, type TypingEvents } from "./typing.js";
