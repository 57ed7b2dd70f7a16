/** The schemas that validate, as JSON Schema: for documents about the API and the feed. */
import { z } from 'zod';

/** A JSON Schema (2020-12) as plain data. */
export type JsonSchema = Record<string, unknown>;

/** Whether a schema is of what comes in (before defaults and transforms) or of what goes out. */
export type Direction = 'input' | 'output';

/** Turns schemas into JSON Schema; those with an id of their own stand once, and are referred to. */
export interface SchemaBook {
  /** @throws Error when two schemas have the same id, or one cannot be written down */
  write(schema: z.ZodType, direction: Direction): JsonSchema;
  /** What has been referred to so far, by its id. */
  readonly named: Readonly<Record<string, JsonSchema>>;
}

/** A book whose references stand under that path of its document. */
export function createSchemaBook(path = '#/components/schemas/'): SchemaBook {
  const named: Record<string, JsonSchema> = {};

  /** Points references at where the document keeps what is named. */
  const rewrite = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rewrite);
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value).map(([key, each]) => [
      key,
      key === '$ref' && typeof each === 'string' ? each.replace('#/$defs/', path) : rewrite(each),
    ]);
    return Object.fromEntries(entries);
  };

  return {
    named,
    write(schema, io) {
      const { $schema: _, $defs = {}, ...written } = z.toJSONSchema(schema, { io, override: leanDates });
      for (const [id, definition] of Object.entries($defs)) {
        const text = JSON.stringify(rewrite(definition));
        if (id in named && JSON.stringify(named[id]) !== text)
          throw new Error(`Two schemas are called ${id}; give one of them another id.`);
        named[id] = JSON.parse(text);
      }
      return rewrite(written) as JsonSchema;
    },
  };
}

/** A format says it; the pattern behind it is three hundred characters long. */
function leanDates({ jsonSchema }: { jsonSchema: { format?: string; pattern?: string } }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
}
