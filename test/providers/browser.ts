/** A browser's side of Web Push: it subscribes, and reads what it gets as RFC 8188, 8291 and 8292 say. */
import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { PushSubscription } from '../../src/ports/users.ts';
import type { Posted } from './http-receiver.ts';

/** A browser that has subscribed. */
export interface Browser {
  subscription: PushSubscription;
  /** The message in a request to its push service. @throws when it was not encrypted for this browser */
  read(posted: Posted): unknown;
}

const RECORD_HEAD = 16 + 4 + 1;
const TAG_BYTES = 16;

/** Subscribes at that endpoint. */
export function createBrowser(endpoint: string): Browser {
  const own = createECDH('prime256v1');
  const publicKey = own.generateKeys();
  const auth = randomBytes(16);
  return {
    subscription: {
      endpoint,
      keys: { p256dh: publicKey.toString('base64url'), auth: auth.toString('base64url') },
    },
    read({ body }) {
      const salt = body.subarray(0, 16);
      const serverKey = body.subarray(RECORD_HEAD, RECORD_HEAD + (body[RECORD_HEAD - 1] ?? 0));
      const sealed = body.subarray(RECORD_HEAD + serverKey.length);
      const info = Buffer.concat([Buffer.from('WebPush: info\0'), publicKey, serverKey]);
      const secret = Buffer.from(hkdfSync('sha256', own.computeSecret(serverKey), auth, info, 32));
      const derive = (name: string, bytes: number) =>
        Buffer.from(hkdfSync('sha256', secret, salt, `Content-Encoding: ${name}\0`, bytes));
      const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      const padded = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
      return JSON.parse(padded.subarray(0, padded.lastIndexOf(2)).toString());
    },
  };
}

/** What the sender's signed token says. @throws when it is not signed by that key, has expired, or is for another service */
export function verifyVapid({ headers }: Posted, publicKey: string, audience: string): jwt.JwtPayload {
  const [, token = '', key] = /^vapid t=([^,]+), ?k=(.+)$/.exec(headers.authorization ?? '') ?? [];
  if (key !== publicKey) throw new Error(`Expected the key ${publicKey}, got ${headers.authorization}.`);
  const point = Buffer.from(publicKey, 'base64url');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
  const verifier = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y } as never, format: 'jwk' });
  return jwt.verify(token, verifier, { algorithms: ['ES256'], audience }) as jwt.JwtPayload;
}
