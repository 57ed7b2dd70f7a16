/** A real SMTP server on loopback that keeps what it takes, and fails as it is told. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { Teardown } from '../support/services.ts';

/** What becomes of one message when all of it has come: taken, taken and the reply lost, or the reply's code. */
export type Fate = 'taken' | 'reply-lost' | 'held' | number;

export interface SmtpReceiver {
  /** `smtp://user:secret@127.0.0.1:port`. */
  url: string;
  /** The messages that came whole and were not refused, as they were sent. */
  messages: string[];
  /** The codes that recipients are refused with, by address. */
  refusals: Map<string, number>;
  /** The fates of the messages to come; after the last, all are taken. */
  fates: Fate[];
  /** The user's password. */
  password: string;
  connections: number;
  close(): Promise<void>;
}

const refusal = (code: number) => Object.assign(new Error('Not here.'), { responseCode: code });

/** Listens on that port until the test ends; on a free one when none is given. */
export async function startSmtp(t: Teardown, port = 0): Promise<SmtpReceiver> {
  const server = new SMTPServer({
    hideSTARTTLS: true,
    closeTimeout: 100,
    allowInsecureAuth: true,
    onConnect(_session, done) {
      receiver.connections += 1;
      done();
    },
    onAuth({ username, password }, _session, done) {
      const isKnown = username === 'user' && password === receiver.password;
      done(isKnown ? null : refusal(535), isKnown ? { user: username } : undefined);
    },
    onRcptTo({ address }, _session, done) {
      const code = receiver.refusals.get(address);
      done(code === undefined ? null : refusal(code));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const fate = receiver.fates.shift() ?? 'taken';
        if (typeof fate === 'number') return done(refusal(fate));
        receiver.messages.push(Buffer.concat(chunks).toString());
        if (fate === 'taken') done();
        if (fate === 'reply-lost')
          for (const each of server.connections) if (each.id === session.id) each.close();
      });
    },
  });
  server.on('error', () => {});
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  const receiver: SmtpReceiver = {
    url: '',
    messages: [],
    refusals: new Map(),
    fates: [],
    password: 'secret',
    connections: 0,
    close,
  };
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  t.teardown(close);
  receiver.url = `smtp://user:secret@127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  return receiver;
}
