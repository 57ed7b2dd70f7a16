/** The words of every notice, in both languages. */
import test from 'ava';
import type { NoticeTemplate } from '../../src/ports/notifier.ts';
import { letterOf } from '../../src/providers/notices/letter.ts';
import { newNotice } from './notice-samples.ts';

const TEMPLATES: NoticeTemplate[] = [
  'confirmation',
  'rejected',
  'declined',
  'cancelled',
  'expired',
  'refunded',
];

/** Intl's blanks are not all the same. */
const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ');

/** What a reader of the HTML reads. */
function readHtml(html: string): string {
  const entities: Record<string, string> = {
    lt: '<',
    gt: '>',
    amp: '&',
    quot: '"',
    '#x27': "'",
    '#x2F': '/',
    '#x5C': '\\',
    '#96': '`',
  };
  const body = html.replace(/[\s\S]*<body[^>]*>/, '');
  return body
    .replaceAll(/<[^>]*>/g, '\n')
    .replaceAll(/&([#\w]+);/g, (all, name: string) => entities[name] ?? all);
}

for (const template of TEMPLATES)
  for (const language of ['en', 'vi'] as const)
    test(`${template} in ${language} tells the same in text and in HTML`, (t) => {
      const reason = { code: 'cancelled_by_request', detail: 'Too slow' };
      const notice = newNotice(
        template,
        { language },
        { ...(template !== 'confirmation' && { reason }), reference: 'INV-7' },
      );
      const { subject, text, html, brief } = letterOf(notice);
      const heard = (told: string) =>
        told
          .split('\n')
          .map((line) => line.trim())
          .filter(Boolean);
      t.deepEqual(heard(readHtml(html)), heard(text));
      t.true(html.includes(`<html lang="${language}">`));
      for (const words of [notice.order.id, 'Ada Lovelace', '2 × MUG', 'INV-7'])
        t.true(text.includes(words), words);
      t.true(brief.includes(notice.order.id));
      t.regex(plain(`${subject} ${text}`), language === 'en' ? /\$39\.98/ : /39,98 US\$/);
      t.is(text.includes('TRK-1'), template === 'confirmation');
      const told = language === 'en' ? 'Too slow' : 'Hủy theo yêu cầu.';
      t.is(text.includes(told), template !== 'confirmation');
      t.false(/undefined|NaN|\[object/.test(subject + text + html + brief), text);
    });

test('the subjects are one of a kind in each language', (t) => {
  for (const language of ['en', 'vi'] as const)
    t.is(
      new Set(TEMPLATES.map((template) => letterOf(newNotice(template, { language })).subject)).size,
      TEMPLATES.length,
    );
});

test('every parcel is told with its tracking number', (t) => {
  const [parcel] = newNotice().order.shipments;
  if (!parcel) throw new Error('no parcel');
  const shipments = [parcel, { ...parcel, carrier: 'Boat', trackingNumber: 'TRK-2' }];
  const { text, subject, brief } = letterOf(newNotice('confirmation', {}, { shipments }));
  for (const words of [text, brief]) {
    t.true(words.includes('It travels with Parcel Co, tracking number TRK-1.'), words);
    t.true(words.includes('It travels with Boat, tracking number TRK-2.'), words);
  }
  t.is(subject, 'Your order of $39.98 is on its way');
  t.is(
    letterOf(newNotice('confirmation', {}, { shipments: [] })).subject,
    'Your order of $39.98 is confirmed',
  );
});

test('what was given back is told, and who paid nothing is told so', (t) => {
  const paymentId = 'p1';
  const payment = {
    paymentId,
    status: 'partlyRefunded',
    capturedMinor: 3_998,
    refundedMinor: 1_999,
  } as const;
  const partly = letterOf(newNotice('refunded', {}, { payment }));
  t.is(partly.subject, 'A refund of your order: $19.99');
  t.true(partly.text.includes('Refunded so far: $19.99 of the $39.98 that you paid.'));
  t.false(partly.text.includes('not been charged'));
  const { payment: _, ...unpaid } = newNotice('expired').order;
  const expired = letterOf({ ...newNotice('expired'), order: unpaid });
  t.true(expired.text.includes('You have not been charged.'));
  const pending = { paymentId, status: 'pending', capturedMinor: 0, refundedMinor: 0 } as const;
  t.false(letterOf(newNotice('cancelled', {}, { payment: pending })).text.includes('not been charged'));
  t.false(letterOf(newNotice('cancelled')).text.includes('not been charged'));
});

test('a decline says whether there is another way to pay', (t) => {
  t.true(letterOf(newNotice('declined')).text.includes('The order is closed.'));
  const open = letterOf(newNotice('declined', {}, { allowedEvents: ['order.pay'] }));
  t.true(open.text.includes('You can still pay it by other means.'));
});

test('units that were cancelled or came back are told', (t) => {
  const lines = [{ line: 1, sku: 'MUG', quantity: 5, unitPriceMinor: 1_999, cancelled: 2, returned: 1 }];
  t.true(
    letterOf(newNotice('refunded', {}, { lines })).text.includes(
      '5 × MUG at $19.99 (2 cancelled, 1 returned)',
    ),
  );
  const vi = letterOf(newNotice('refunded', { language: 'vi' }, { lines }));
  t.true(plain(vi.text).includes('5 × MUG, đơn giá 19,99 US$ (đã hủy 2, đã trả 1)'));
});

test('what people wrote is neither markup nor a line of its own', (t) => {
  const evil = '<img src=x onerror="alert(1)">&amp;\r\nBcc: eve@evil.example\u0000';
  const reason = { code: 'other', detail: evil };
  const { subject, text, html, brief } = letterOf(
    newNotice('cancelled', { username: evil }, { reason, reference: evil }),
  );
  t.false(/<img/.test(html));
  t.true(html.includes('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;amp; Bcc: eve@evil.example'));
  t.false(text.split('\n').some((line) => line.startsWith('Bcc')));
  for (const words of [subject, text, html, brief]) t.false(/[\0\r]/.test(words));
});

test('the HTML fights no theme and no width', (t) => {
  const { html } = letterOf(newNotice());
  t.true(html.includes('<meta name="color-scheme" content="light dark">'));
  t.true(html.includes('<meta name="viewport" content="width=device-width, initial-scale=1">'));
  t.false(
    /background|[^-]color:|<style|<table| width=|<script|https?:/.test(html.replaceAll('color-scheme', '')),
    html,
  );
});

test('a letter of a thousand lines stays one that is shown whole, and says what it leaves out', (t) => {
  const lines = Array.from({ length: 1_000 }, (_, i) => ({
    line: i + 1,
    sku: `SKU-${i}`,
    quantity: 1,
    unitPriceMinor: 1,
  }));
  const reason = { code: 'other', detail: '🎁'.repeat(500) };
  const { html, text, brief } = letterOf(newNotice('cancelled', {}, { lines, reason }));
  t.true(text.includes('and 900 more'));
  t.true(html.length < 100_000);
  t.is([...brief].length, 300);
  t.true(brief.endsWith('🎁…'));
});
