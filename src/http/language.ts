/** The languages that problems and pages are written in. */
import type { Context } from './context.ts';

/** The first is the default. */
const LANGUAGES = ['en', 'vi'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The language to answer in, of those we write, as `Accept-Language` prefers. */
export function languageOf(ctx: Context): Language {
  const best = ctx.acceptsLanguages(...LANGUAGES);
  return LANGUAGES.find((language) => language === best) ?? LANGUAGES[0];
}
