/** A process of its own that sends one mail over SMTP, says so, and stays until it is killed. */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../src/platform/clock.ts';
import { createSmtpMailer } from '../../src/providers/mailer-smtp.ts';
import { createSendOnce } from '../../src/providers/send-once.ts';
import { connectStore } from '../../src/store/connect.ts';
import { createDeliveryBook, deliveryModel } from '../../src/store/delivery-book.ts';

const [mongodbUri = '', url = '', mail = ''] = process.argv.slice(2);
process.stdin.resume().once('end', () => process.exit(1));
const book = createDeliveryBook(deliveryModel(await connectStore(mongodbUri)));
const sendOnce = createSendOnce({ book, clock: systemClock, newId: randomUUID });
const from = 'Ordo <orders@ordo.example>';
await createSmtpMailer({ url, from, sendOnce, clock: systemClock }).send(JSON.parse(mail));
console.log('sent');
