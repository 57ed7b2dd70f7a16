/** What a language has to say in letters; `words-en.ts` and `words-vi.ts` say it. */
import type { NoticeTemplate } from '../../ports/notifier.ts';
import type { Facts, LineFacts } from './facts.ts';

/** The words of one language; every text is plain, on one line. */
export interface Words {
  subjects: Readonly<Record<NoticeTemplate, (facts: Facts) => string>>;
  /** The sentence that says what has happened, and the next one where there is something to do. */
  openings: Readonly<Record<NoticeTemplate, (facts: Facts) => string>>;
  greeting(name: string): string;
  reason(reason: { code: string; detail: string }): string;
  refunded(refunded: string, captured: string): string;
  uncharged: string;
  parcel(parcel: Facts['parcels'][number]): string;
  line(line: LineFacts): string;
  linesLeftOut(count: number): string;
  reference(orderId: string, reference: string | undefined): string;
}
