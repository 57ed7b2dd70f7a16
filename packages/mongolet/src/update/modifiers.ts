/** Reads an update of operators into its tree. */
import { errorOf } from '../errors.ts';
import type { Collation } from '../value/collation.ts';
import { type Doc, getField, keysOf, type Value } from '../value/document.ts';
import { textOfValue } from '../value/text.ts';
import { isDoc, typeNameOf } from '../value/type.ts';
import { createAddToSet, createPop, createPull, createPullAll } from './array-operators.ts';
import {
  createCurrentDate,
  createExtreme,
  createSet,
  createSetOnInsert,
  createUnset,
} from './field-operators.ts';
import { createBit, createInc, createMul } from './number-operators.ts';
import type { Operation } from './operation.ts';
import { checkUpdatePath, filterIdentifier } from './path.ts';
import { createPush } from './push.ts';
import { createRename } from './rename.ts';
import { addOperation, createFields, type FieldsNode } from './tree.ts';

const MODIFIERS: { [name: string]: (operand: Value, path: string, collation?: Collation) => Operation } = {
  $set: createSet,
  $setOnInsert: createSetOnInsert,
  $unset: createUnset,
  $inc: createInc,
  $mul: createMul,
  $min: (operand, _path, collation) => createExtreme(operand, -1, collation),
  $max: (operand, _path, collation) => createExtreme(operand, 1, collation),
  $currentDate: createCurrentDate,
  $push: createPush,
  $addToSet: createAddToSet,
  $pop: createPop,
  $pull: createPull,
  $pullAll: createPullAll,
  $bit: createBit,
};

/** A compiled set of operators. */
export interface Modifiers {
  tree: FieldsNode;
  /** The identifiers of `$[identifier]`, each with a path that uses it. */
  identifiers: Map<string, string>;
  /** Whether one takes the value of a field other than its own. */
  hasRename: boolean;
}

/** Returns the tree of all operators in an update document. */
export function readModifiers(update: Doc, collation?: Collation): Modifiers {
  const tree = createFields();
  const identifiers = new Map<string, string>();
  for (const name of keysOf(update)) {
    const fields = getField(update, name);
    const create = Object.hasOwn(MODIFIERS, name) ? MODIFIERS[name] : undefined;
    if (create === undefined && name !== '$rename') {
      throw errorOf(
        'FailedToParse',
        `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
      );
    }
    if (!isDoc(fields)) {
      throw errorOf(
        'FailedToParse',
        `Modifiers operate on fields but we found type ${typeNameOf(fields)} instead. For example: {$mod: {<field>: ` +
          `...}} not {${name}: ${textOfValue(fields)}}`,
      );
    }
    for (const path of keysOf(fields)) {
      const operand = getField(fields, path);
      if (operand === undefined) continue;
      if (create === undefined) {
        const { source, target } = createRename(path, operand);
        addOperation(tree, source.parts, source.operation);
        addOperation(tree, target.parts, target.operation);
        continue;
      }
      const parts = checkUpdatePath(path);
      for (const part of parts) {
        const identifier = filterIdentifier(part);
        if (identifier !== undefined && identifier !== '') identifiers.set(identifier, path);
      }
      addOperation(tree, parts, create(operand, path, collation));
    }
  }
  return { tree, identifiers, hasRename: Object.hasOwn(update, '$rename') };
}
