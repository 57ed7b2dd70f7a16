/** The words of a notice for every channel: pure. The one place where letters are made. */
import type { Notice } from '../../ports/notifier.ts';
import type { Language } from '../../ports/users.ts';
import { factsOf } from './facts.ts';
import { htmlOf } from './html.ts';
import type { Words } from './words.ts';
import { english } from './words-en.ts';
import { vietnamese } from './words-vi.ts';

/** A notice in words. */
export interface Letter {
  subject: string;
  text: string;
  html: string;
  /** What it comes to, for channels with little room. */
  brief: string;
}

const LANGUAGES: Readonly<Record<Language, Words>> = { en: english, vi: vietnamese };

/** Two long text messages; push messages hold more. */
const BRIEF_MAX = 300;

/** The notice in its recipient's language; English when they have chosen none. */
export function letterOf(notice: Notice): Letter {
  const { template } = notice;
  const language = notice.recipient.language ?? 'en';
  const words = LANGUAGES[language];
  const facts = factsOf(notice, language);
  const { reason, refunded, captured, parcels, isUncharged } = facts;
  const isUndone = template !== 'confirmation' && template !== 'refunded';
  const paragraphs = [
    words.openings[template](facts),
    ...(template === 'confirmation' ? parcels.map(words.parcel) : []),
    ...(reason && template !== 'confirmation' ? [words.reason(reason)] : []),
    ...(refunded === undefined ? [] : [words.refunded(refunded, captured)]),
    ...(isUndone && isUncharged ? [words.uncharged] : []),
  ];
  const lines = facts.lines.map(words.line);
  if (facts.linesLeftOut > 0) lines.push(words.linesLeftOut(facts.linesLeftOut));
  const subject = words.subjects[template](facts);
  const greeting = words.greeting(facts.name);
  const footer = words.reference(facts.orderId, facts.reference);
  const text = [greeting, ...paragraphs, lines.map((line) => `  ${line}`).join('\n'), footer].join('\n\n');
  const brief = [...paragraphs.join(' ')];
  return {
    subject,
    text,
    html: htmlOf({ language, subject, greeting, paragraphs, lines, footer }),
    brief: brief.length > BRIEF_MAX ? `${brief.slice(0, BRIEF_MAX - 1).join('')}…` : brief.join(''),
  };
}
