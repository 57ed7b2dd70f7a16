/** Nothing from outside passes but through a strict schema. */
import type { core, z } from 'zod';
import { type Fault, type FaultCode, InvalidRequest, isFaultCode } from './faults.ts';

/** As many faults as one answer lists; a body of a thousand bad lines need not be told them all. */
const FAULTS_MAX = 100;
const KEY_SHOWN_MAX = 64;

/**
 * The value as the schema makes it: a new object of known fields. `base` goes before each fault's pointer.
 * @throws InvalidRequest with the faults, the first hundred of them.
 */
export function validate<T>(schema: z.ZodType<T>, value: unknown, base: string): T {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new InvalidRequest(
    parsed.error.issues.flatMap((issue) => faultsOf(issue, base)).slice(0, FAULTS_MAX),
  );
}

/** One fault for each issue, or for each unknown key of it. */
function faultsOf(issue: core.$ZodIssue, base: string): Fault[] {
  const at = (...more: PropertyKey[]) => base + pointerTo([...issue.path, ...more]);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: at(key.slice(0, KEY_SHOWN_MAX)),
      code: 'unknown_key',
      key: key.slice(0, KEY_SHOWN_MAX),
    }));
  }
  const nearest = issue.code === 'invalid_union' ? nearestOf(issue.errors) : undefined;
  if (nearest) return nearest.flatMap((inner) => faultsOf(inner, at()));
  const code = isFaultCode(issue.message) ? issue.message : faultCodeOf(issue);
  return [{ pointer: at(), code, ...particularsOf(issue) }];
}

/** Of several shapes, the one that was meant: it knows most of the fields that came. */
function nearestOf(shapes: core.$ZodIssue[][]): core.$ZodIssue[] | undefined {
  const unknownIn = (issues: core.$ZodIssue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0);
  return shapes.toSorted((one, other) => unknownIn(one) - unknownIn(other))[0];
}

function faultCodeOf(issue: core.$ZodIssue): FaultCode {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'required';
      return issue.expected === 'int' ? 'not_an_integer' : 'wrong_type';
    case 'invalid_value':
      return issue.input === undefined ? 'required' : 'not_allowed';
    case 'invalid_union':
      return discriminationOf(issue) === undefined ? 'invalid' : 'not_allowed';
    case 'too_big':
      return issue.origin === 'string' ? 'too_long' : issue.origin === 'array' ? 'too_many' : 'too_large';
    case 'too_small':
      if (issue.origin === 'string') return issue.minimum === 1 ? 'required' : 'too_short';
      return issue.origin === 'array' ? 'too_few' : 'too_small';
    default:
      return 'invalid';
  }
}

function particularsOf(issue: core.$ZodIssue): Pick<Fault, 'limit' | 'expected'> {
  switch (issue.code) {
    case 'too_big':
      return { limit: issue.maximum };
    case 'too_small':
      return { limit: issue.minimum };
    case 'invalid_value':
      return { expected: listed(issue.values) };
    case 'invalid_union':
      return { expected: listed(discriminationOf(issue) ?? []) };
    case 'invalid_type':
      return { expected: issue.expected };
    default:
      return {};
  }
}

const listed = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join(', ');

/** What the field may be that tells several shapes apart, where it is none of them. */
function discriminationOf(issue: core.$ZodIssueInvalidUnion): core.util.Primitive[] | undefined {
  return issue.inclusive === false ? undefined : issue.options;
}

/** RFC 6901. */
function pointerTo(path: PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
