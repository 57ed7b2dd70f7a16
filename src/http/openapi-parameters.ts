/** The parameters of an operation: what stands in its path, its query, and the headers that it heeds. */
import { z } from 'zod';
import type { JsonSchema } from '../platform/json-schema.ts';
import type { Operation, RequestHeader, Route } from './route.ts';

/** A Parameter Object of OpenAPI. */
export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description?: string;
  schema: JsonSchema;
}

const HEADERS: Readonly<Record<RequestHeader, { description: string; schema: JsonSchema }>> = {
  'Idempotency-Key': {
    description: 'One new value for each write that is meant, the same for each repetition of it.',
    schema: { type: 'string', pattern: '^[!-~]{1,255}$' },
  },
  'Last-Event-ID': {
    description: 'The seq that was seen last, as an EventSource sends it: what follows it comes first.',
    schema: { type: 'string', pattern: '^\\d{1,9}$' },
  },
  Prefer: {
    description: 'RFC 7240: `wait=N` waits for the end of the order, N seconds at most.',
    schema: { type: 'string', pattern: '^wait=[0-9]{1,2}$' },
  },
  'If-Match': {
    description: 'The `ETag` of the order that the command is meant for; another one is answered with 412.',
    schema: { type: 'string', examples: ['"3"'] },
  },
  'If-None-Match': {
    description: 'The `ETag` of the order as it is known; unchanged, it is answered with 304.',
    schema: { type: 'string', examples: ['"3"'] },
  },
};

interface ObjectSchema {
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

/** Each field as it is meant, a text of digits as a number; where only code knows what it means, as it is sent. */
function fieldsOf(schema: z.ZodType, place: 'path' | 'query'): Parameter[] {
  const sent = z.toJSONSchema(schema, { io: 'input' }) as ObjectSchema;
  const meant = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) as ObjectSchema;
  return Object.entries(sent.properties ?? {}).map(([name, asSent]) => {
    const asMeant = meant.properties?.[name] ?? {};
    return {
      name,
      in: place,
      required: sent.required?.includes(name) ?? false,
      schema: 'type' in asMeant ? asMeant : asSent,
    };
  });
}

function headersOf({ headers = {} }: Operation): Parameter[] {
  return (Object.keys(headers) as RequestHeader[]).map((name) => ({
    name,
    in: 'header',
    required: headers[name] === 'required',
    ...HEADERS[name],
  }));
}

/** All of them. */
export const parametersOf = ({ params, query, operation }: Route): Parameter[] => [
  ...(params ? fieldsOf(params, 'path') : []),
  ...(query ? fieldsOf(query, 'query') : []),
  ...headersOf(operation),
];
