/** All operators that may stand in an expression. */
import { ARITHMETIC } from './arithmetic.ts';
import { ARRAYS } from './arrays.ts';
import { BINDINGS } from './bindings.ts';
import { CONVERSIONS } from './conversion.ts';
import { DATE_ARITHMETIC } from './date-arithmetic.ts';
import { DATE_TEXT } from './date-text.ts';
import { DATES } from './dates.ts';
import { LOGIC } from './logic.ts';
import { OBJECTS } from './objects.ts';
import type { OperatorCompiler } from './operands.ts';
import { REGEX } from './regex.ts';
import { SETS } from './sets.ts';
import { TEXT } from './text.ts';
import { TOTALS } from './totals.ts';

/** Left out: what runs code (`$function`), and what depends on chance. */
export const OPERATORS: ReadonlyMap<string, OperatorCompiler> = new Map(
  Object.entries({
    ...ARITHMETIC,
    ...ARRAYS,
    ...BINDINGS,
    ...CONVERSIONS,
    ...DATES,
    ...DATE_ARITHMETIC,
    ...DATE_TEXT,
    ...LOGIC,
    ...OBJECTS,
    ...REGEX,
    ...SETS,
    ...TEXT,
    ...TOTALS,
  }),
);
