/** What the feed is compared with: plain Socket.IO, which checks the token, joins a room, and broadcasts. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { createTokens } from '../../src/http/tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { redisOptions } from '../../src/platform/redis.ts';

const { REDIS_URL = '', NAMESPACE = '', ORDO_JWT_SECRET = '' } = process.env;

const httpServer = createServer();
const io = new Server(httpServer);
const tokens = createTokens({ secrets: [ORDO_JWT_SECRET], ttlS: 3_600, clock: systemClock });
io.use((socket, next) => {
  try {
    socket.data.viewer = tokens.verify(socket.handshake.auth.token);
    next();
  } catch (error) {
    next(error as Error);
  }
});
io.on('connection', (socket) => {
  socket.on('order.subscribe', ({ orderId }, acknowledge) => {
    socket.join(orderId);
    acknowledge({ ok: true });
  });
});

const redis = new Redis(redisOptions(REDIS_URL));
redis.on('ready', () => redis.subscribe(`${NAMESPACE}:feed`));
redis.on('message', (_channel, text) => {
  for (const { transition } of JSON.parse(text).entries)
    io.to(transition.orderId).emit('order.transition', transition);
});
httpServer.listen(0, '127.0.0.1', () => {
  const { port } = httpServer.address() as AddressInfo;
  console.log(JSON.stringify({ msg: 'started', url: `http://127.0.0.1:${port}` }));
});
