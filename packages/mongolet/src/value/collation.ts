/**
 * Collations: the order and equality of strings by the rules of a language, as ICU knows them. `Intl.Collator` is ICU;
 * what MongoDB can ask of ICU and `Intl` cannot is refused.
 */
import { errorOf, MongoletError } from '../errors.ts';
import { type Doc, docOf, keysOf, type Value } from './document.ts';
import { toExactInteger } from './number.ts';
import { isDoc, TYPE, typeOf } from './type.ts';

/** A collation that was read and can be used; equal specifications give the same object. */
export interface Collation {
  /** All of its fields, as MongoDB reports them. */
  readonly spec: Doc;
  /** Compares two strings. */
  compare(a: string, b: string): number;
  /**
   * A key that all strings equal to `text` share, and that few others share. (ICU's own sort keys are not to be had from
   * `Intl`.) Keys say nothing about order.
   */
  keyOf(text: string): string;
}

/** What a command says about its collation: null is the simple comparison, undefined leaves it to the collection. */
export type CollationChoice = Collation | null | undefined;

/** The version of the rules; indexes made with another one are made anew. */
export const ICU_VERSION = process.versions.icu ?? 'none';

const SENSITIVITIES = { 1: 'base', 2: 'accent', 3: 'variant' } as const;
const CHOICES: Record<string, readonly string[]> = {
  caseFirst: ['off', 'upper', 'lower'],
  alternate: ['non-ignorable', 'shifted'],
  maxVariable: ['punct', 'space'],
};
const FLAGS = ['caseLevel', 'numericOrdering', 'normalization', 'backwards'];
const KNOWN = new Set(['locale', 'strength', 'version', ...Object.keys(CHOICES), ...FLAGS]);
/** ICU's names of the orders within a language, where BCP 47 has shorter ones. */
const SHORT_ORDERS: Record<string, string> = {
  phonebook: 'phonebk',
  traditional: 'trad',
  dictionary: 'dict',
};
/** The one language that MongoDB's ICU compares accents from the end in, without being told. */
const BACKWARDS_LOCALE = 'fr_CA';

const known = new Map<string, Collation>();

/** Reads a collation; null for `{locale: 'simple'}`. Refuses what is wrong (2, 14, 40415) or cannot be had (238). */
export function readCollation(given: Doc): Collation | null {
  for (const key of keysOf(given)) {
    if (!KNOWN.has(key)) throw new MongoletError(40415, `BSON field 'collation.${key}' is an unknown field.`);
  }
  const { locale, version } = given;
  if (version !== undefined && version !== ICU_VERSION) {
    throw new MongoletError(
      161,
      `Requested collation version ${String(version)}, available is ${ICU_VERSION}`,
      {
        codeName: 'IncompatibleCollationVersion',
      },
    );
  }
  if (locale === undefined)
    throw new MongoletError(40414, "BSON field 'collation.locale' is missing but a required field");
  if (typeof locale !== 'string') throw errorOf('TypeMismatch', "'collation.locale' must be a string");
  if (locale === 'simple') {
    if (keysOf(given).length === 1) return null;
    throw errorOf('BadValue', "If 'locale' is 'simple', no other fields of a collation may be set");
  }
  const name = JSON.stringify(
    keysOf(given)
      .map((key) => [key, String(given[key])])
      .sort(),
  );
  const before = known.get(name);
  if (before) return before;
  const made = createCollation(locale, given);
  const own = JSON.stringify(made.spec);
  const collation = known.get(own) ?? made;
  known.set(own, collation);
  known.set(name, collation);
  return collation;
}

/** The collation of something that is stored, whatever version of the rules it was stored with. */
export function storedCollation(spec: Value): Collation | undefined {
  if (!isDoc(spec)) return undefined;
  const { version: _version, ...rest } = spec;
  return readCollation(rest) ?? undefined;
}

function createCollation(locale: string, given: Doc): Collation {
  const tag = languageTagOf(locale, given);
  const defaults = new Intl.Collator(tag).resolvedOptions();
  const strength = strengthOf(given.strength);
  const flags = Object.fromEntries(FLAGS.map((flag) => [flag, flagOf(given, flag)]));
  const choices = Object.fromEntries(Object.keys(CHOICES).map((field) => [field, choiceOf(given, field)]));
  const caseFirst = choices.caseFirst ?? (defaults.caseFirst === 'false' ? 'off' : defaults.caseFirst);
  const alternate = choices.alternate ?? (defaults.ignorePunctuation ? 'shifted' : 'non-ignorable');
  const maxVariable = choices.maxVariable ?? 'punct';
  const caseLevel = flags.caseLevel ?? false;
  checkTogether({ strength, caseLevel, caseFirst: choices.caseFirst, alternate, maxVariable });
  if ((flags.backwards ?? false) !== (locale === BACKWARDS_LOCALE) && flags.backwards !== undefined)
    throw unavailable(`'backwards: ${flags.backwards}' in the locale '${locale}'`);
  const numericOrdering = flags.numericOrdering ?? defaults.numeric;
  const collator = new Intl.Collator(tag, {
    sensitivity: caseLevel ? 'case' : SENSITIVITIES[strength],
    numeric: numericOrdering,
    caseFirst: caseFirst === 'upper' || caseFirst === 'lower' ? caseFirst : 'false',
    ignorePunctuation: alternate === 'shifted',
  });
  const spec = docOf([
    ['locale', locale],
    ['caseLevel', caseLevel],
    ['caseFirst', caseFirst],
    ['strength', strength],
    ['numericOrdering', numericOrdering],
    ['alternate', alternate],
    ['maxVariable', maxVariable],
    ['normalization', flags.normalization ?? false],
    ['backwards', locale === BACKWARDS_LOCALE],
    ['version', ICU_VERSION],
  ]);
  return { spec, compare: collator.compare, keyOf: coarseKeys(collator.compare) };
}

function languageTagOf(locale: string, given: Doc): string {
  const match = /^([a-z]{2,3}(?:_[A-Z][a-z]{3})?(?:_[A-Z]{2})?)(?:@collation=([a-z]+))?$/.exec(locale);
  const [, language = '', order] = match ?? [];
  const tag = language.replaceAll('_', '-');
  if (!match || Intl.Collator.supportedLocalesOf(tag).length === 0)
    throw errorOf('BadValue', `Field 'locale' is invalid in: ${JSON.stringify(given)}`);
  if (order === undefined) return tag;
  const short = SHORT_ORDERS[order] ?? order;
  const full = `${tag}-u-co-${short}`;
  if (short.length > 8 || new Intl.Collator(full).resolvedOptions().collation !== short)
    throw unavailable(`the order '${order}' in the locale '${locale}'`);
  return full;
}

function strengthOf(value: Value): 1 | 2 | 3 {
  if (value === undefined) return 3;
  const strength = Number(toExactInteger(value) ?? 0n);
  if (strength === 1 || strength === 2 || strength === 3) return strength;
  if (strength === 4 || strength === 5) throw unavailable(`strength ${strength}`);
  throw errorOf('BadValue', `'collation.strength' must be a whole number from 1 to 5, not ${String(value)}`);
}

function flagOf(given: Doc, field: string): boolean | undefined {
  const value = given[field];
  if (value === undefined || typeof value === 'boolean') return value;
  throw errorOf('TypeMismatch', `'collation.${field}' must be a bool`);
}

function choiceOf(given: Doc, field: string): string | undefined {
  const value = given[field];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && CHOICES[field]?.includes(value)) return value;
  throw errorOf(
    'BadValue',
    `Enumeration value '${String(value)}' for field 'collation.${field}' is not a valid value.`,
  );
}

function checkTogether(spec: {
  strength: number;
  caseLevel: boolean;
  caseFirst: string | undefined;
  alternate: string;
  maxVariable: string;
}): void {
  if (spec.caseLevel && spec.strength !== 1) throw unavailable(`'caseLevel' with strength ${spec.strength}`);
  if (spec.alternate === 'shifted' && spec.maxVariable === 'space') throw unavailable("'maxVariable: space'");
  if ((spec.caseFirst ?? 'off') !== 'off' && !spec.caseLevel && spec.strength < 3) {
    throw errorOf(
      'BadValue',
      "'caseFirst' is invalid unless 'caseLevel' is on or 'strength' is greater than 2",
    );
  }
}

function unavailable(what: string): MongoletError {
  return errorOf('NotImplemented', `mongolet does not support ${what} of a collation`);
}

/** So many characters of a string tell it from others. */
const KEY_LENGTH = 64;
/** First and last code points of what keys are spelt in: common letters, and a sample where there are too many. */
const PIVOT_RANGES: [number, number, number][] = [
  [0x20, 0x40, 1],
  [0x5b, 0x7e, 1],
  [0xdf, 0xff, 1],
  [0x3b1, 0x3c9, 1],
  [0x430, 0x44f, 1],
  [0x5d0, 0x5ea, 1],
  [0x621, 0x64a, 1],
  [0x905, 0x939, 1],
  [0x3042, 0x3093, 1],
  [0x4e00, 0x9fff, 64],
  [0xac00, 0xd7a3, 64],
];

/**
 * Spells a text, character by character, in a fixed set of them, by nothing but comparisons of the text: each step takes
 * the greatest character with which the spelling does not yet go beyond the text. Equal texts compare alike with
 * everything, so they are spelt alike.
 */
function coarseKeys(compare: (a: string, b: string) => number): (text: string) => string {
  let pivots: string[] | undefined;
  return (text) => {
    pivots ??= PIVOT_RANGES.flatMap(([first, last, step]) =>
      Array.from({ length: Math.ceil((last + 1 - first) / step) }, (_, i) =>
        String.fromCodePoint(first + i * step),
      ),
    )
      .filter((one) => compare(one, '') !== 0)
      .sort(compare);
    let key = '';
    while (key.length < KEY_LENGTH) {
      let low = 0;
      let high = pivots.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (compare(key + pivots[middle], text) <= 0) low = middle + 1;
        else high = middle;
      }
      const pivot = pivots[low - 1];
      if (pivot === undefined) break;
      key += pivot;
    }
    return key;
  };
}

/** Returns the value with the key of each text in the place of that: what an index with a collation is ordered by. */
export function foldValue(value: Value | undefined, collation: Collation): Value | undefined {
  if (typeof value === 'string') return collation.keyOf(value);
  if (Array.isArray(value)) return value.map((element: Value) => foldValue(element, collation));
  if (isDoc(value))
    return docOf(keysOf(value).map((key) => [key, foldValue(value[key], collation)] as const));
  return typeOf(value) === TYPE.symbol ? collation.keyOf((value as { value: string }).value) : value;
}

/** Whether a value holds text, whose equality hangs on the collation. */
export function hasText(value: Value | undefined): boolean {
  if (typeof value === 'string') return true;
  if (Array.isArray(value)) return value.some(hasText);
  if (isDoc(value)) return keysOf(value).some((key) => hasText(value[key]));
  return typeof value === 'object' && typeOf(value) === TYPE.symbol;
}
