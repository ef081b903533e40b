// The seam below the protocol: something that carries text frames both ways. WebSocket is the one that is built in.

/** Whom to connect to, and as whom. */
export interface Target {
  /** The address of /ws, with scheme http or https, and what else the program put into its query. */
  url: URL;
  member: string | undefined;
  token: string | undefined;
  session: string;
}

export interface Transport {
  /** Sends a frame; one that is closing swallows it. */
  send(text: string): void;
  close(): void;
}

/**
 * Begins to connect, and throws only when the target itself is impossible. It tells of each frame and then, once, of the
 * end, with a close code of docs/protocol.md: never before it has returned.
 */
export type Dial = (target: Target, message: (text: string) => void, closed: (code: number, reason: string) => void) => Transport;

/** As much of a WebSocket as is used here; browsers' is one, and so is that of the npm package ws. */
export interface WebSocketLike {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: any) => void): void;
}

export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike;

const OPEN = 1;

export function webSocketDial(Impl: WebSocketConstructor): Dial {
  return ({ url, member, token, session }, message, closed) => {
    const to = new URL(url);
    to.protocol = to.protocol.replace("http", "ws");
    if (member !== undefined) to.searchParams.set("member", member);
    to.searchParams.set("session", session);
    // A browser cannot see an HTTP status: the gateway says in a frame why it refuses.
    to.searchParams.set("handshake", "close");
    const socket = new Impl(to.href, token === undefined ? [] : ["starling.v1", `starling.token.${token}`]);
    socket.addEventListener("message", ({ data }) => message(data));
    socket.addEventListener("close", ({ code, reason }) => closed(code, reason));
    // The close that follows says all there is; without a listener ws would throw.
    socket.addEventListener("error", () => {});
    return {
      send: (text) => {
        if (socket.readyState === OPEN) socket.send(text);
      },
      close: () => socket.close(1000),
    };
  };
}
