// A Socket.IO server as its documentation shows it: rooms, acknowledged joins, publishes to a room.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false, perMessageDeflate: false });
if (process.env.REDIS) {
  const { createClient } = await import("redis");
  const { createAdapter } = await import("@socket.io/redis-adapter");
  const pub = createClient({ url: `redis://${process.env.REDIS}` });
  const sub = pub.duplicate();
  await Promise.all([pub.connect(), sub.connect()]);
  io.adapter(createAdapter(pub, sub));
}
io.on("connection", (socket) => {
  socket.on("join", (room, done) => {
    socket.join(room);
    socket.to(room).emit("joined", room, socket.id);
    done();
  });
  socket.on("leave", (room) => socket.leave(room));
  socket.on("publish", (room, data) => io.to(room).emit("event", data));
});
http.listen(Number(process.env.PORT), "127.0.0.1");
