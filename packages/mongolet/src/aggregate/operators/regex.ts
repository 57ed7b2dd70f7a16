/** Regular expressions in expressions, through the same translation from PCRE as in filters. */
import { Int32 } from 'bson';
import { MongoletError } from '../../errors.ts';
import { compileRegex } from '../../match/regex.ts';
import { regexParts } from '../../value/compare.ts';
import type { Doc, Value } from '../../value/document.ts';
import { TYPE, typeNameOf, typeOf } from '../../value/type.ts';
import { isNullish, namedOperands, type OperatorCompiler, type OperatorTable } from './operands.ts';

/** Compiles an operator of `{input, regex, options}`; `whenNull` is its answer where there is nothing to search. */
function search(whenNull: Value, apply: (input: string, regex: RegExp) => Value): OperatorCompiler {
  return (spec, compile, name) => {
    const doc = namedOperands(spec, name, ['input', 'regex'], ['options']);
    const parts = [doc.input, doc.regex, doc.options ?? null].map((part) => compile(part));
    return (one, locals) => {
      const [input, regex, options] = parts.map((part) => part(one, locals));
      if (isNullish(input) || isNullish(regex)) return whenNull;
      if (typeof input !== 'string') {
        throw new MongoletError(
          51104,
          `${name} needs 'input' to be of type string, found: ${typeNameOf(input)}`,
        );
      }
      return apply(input, regexOf(regex, options, name));
    };
  };
}

function regexOf(regex: Value, options: Value | undefined, name: string): RegExp {
  const isRegex = typeOf(regex) === TYPE.regex;
  if (!isRegex && typeof regex !== 'string') {
    throw new MongoletError(51105, `${name} needs 'regex' to be of type string or regex`);
  }
  const known = isRegex ? regexParts(regex) : { pattern: regex as string, options: '' };
  if (isNullish(options)) return compileRegex(known.pattern, known.options);
  if (typeof options !== 'string')
    throw new MongoletError(51106, `${name} needs 'options' to be of type string`);
  if (known.options !== '')
    throw new MongoletError(51107, `${name}: found regex options in both 'regex' and 'options'`);
  return compileRegex(known.pattern, options);
}

function describe(input: string, match: RegExpExecArray): Doc {
  const [text, ...captures] = match;
  // MongoDB counts code points, JavaScript UTF-16 units.
  const position = [...input.slice(0, match.index)].length;
  return { match: text, idx: new Int32(position), captures: captures.map((capture) => capture ?? null) };
}

function findAll(input: string, regex: RegExp): Value {
  const flags = regex.flags.includes('g') ? regex.flags : `${regex.flags}g`;
  return [...input.matchAll(new RegExp(regex.source, flags))].map((match) => describe(input, match));
}

/** Regular expressions by name. */
export const REGEX: OperatorTable = {
  $regexMatch: search(false, (input, regex) => regex.test(input)),
  $regexFind: search(null, (input, regex) => {
    const match = regex.exec(input);
    return match ? describe(input, match) : null;
  }),
  $regexFindAll: search([], findAll),
};
