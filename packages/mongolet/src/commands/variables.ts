/** The variables of a command's `let`, which its expressions may use. */
import { compileExpression, type Variables } from '../aggregate/expression.ts';
import { checkVariableName } from '../aggregate/operators/bindings.ts';
import type { Doc } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { optionalDoc } from './command.ts';

/** Evaluates `let`: its expressions see no document, and none of the other variables. */
export function variablesOf(command: Doc): Variables {
  const doc = optionalDoc(command, 'let');
  if (!doc) return {};
  return Object.fromEntries(
    keysOf(doc).map((name) => {
      checkVariableName(name);
      return [name, compileExpression(doc[name])({})];
    }),
  );
}
