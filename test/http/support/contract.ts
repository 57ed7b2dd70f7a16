/** The OpenAPI document as a contract: what was asked and answered is held against it. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Answer } from './running-app.ts';

interface Media {
  schema: object;
}

interface Referable {
  $ref?: string;
}

export interface ResponseObject extends Referable {
  description: string;
  headers?: Record<string, object>;
  content?: Record<string, Media>;
}

export interface OperationObject {
  operationId: string;
  summary: string;
  tags: string[];
  parameters: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, ResponseObject>;
}

export interface OpenApiDocument {
  openapi: string;
  servers: { url: string }[];
  paths: Record<string, Record<string, OperationObject>>;
  components: { schemas: Record<string, object>; responses: Record<string, ResponseObject> };
}

/** Sent only where there is something to tell. */
const SOMETIMES = ['Link', 'Idempotent-Replayed', 'Preference-Applied'];

/** A part of a document by its JSON pointer, such as `#/components/schemas/Order`. */
export function partAt(document: object, pointer: string): unknown {
  const steps = pointer.slice(2).split('/');
  return steps.reduce<unknown>(
    (part, step) =>
      (part as Record<string, unknown> | undefined)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')],
    document,
  );
}

/** Every reference in the document. */
export function referencesIn(part: unknown): string[] {
  if (part === null || typeof part !== 'object') return [];
  return Object.entries(part).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [value] : referencesIn(value),
  );
}

/** What validates against the schemas of that document, whose references lead into it. */
export function createValidator(document: object): (schema: object, value: unknown) => string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addFormat('e164', /^\+[1-9]\d{6,14}$/);
  ajv.addSchema({ ...document, $id: 'document:' });
  const within = (text: string) => JSON.parse(text.replaceAll('"$ref":"#/', '"$ref":"document:#/'));
  const compiled = new Map<string, ValidateFunction>();
  return (schema, value) => {
    const text = JSON.stringify(schema);
    const isValid = compiled.get(text) ?? ajv.compile(within(text));
    compiled.set(text, isValid);
    isValid(value);
    return (isValid.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}

/** Holds calls against the document; each gives the faults, none when all is as documented. */
export function createContract(document: OpenApiDocument) {
  const faultsOf = createValidator(document);
  const resolved = (response: ResponseObject | undefined) =>
    response?.$ref === undefined ? response : (partAt(document, response.$ref) as ResponseObject);

  function answerFaults(operation: OperationObject, { status, headers, text, json }: Answer): string[] {
    const documented = resolved(operation.responses[status]);
    if (documented === undefined) return [`${status} is not documented`];
    const missing = Object.keys(documented.headers ?? {}).filter(
      (name) => !SOMETIMES.includes(name) && !headers.has(name),
    );
    const [type, media] = Object.entries(documented.content ?? {})[0] ?? [];
    const sent = headers.get('content-type')?.split(';')[0];
    return [
      ...missing.map((name) => `the header ${name} is missing`),
      ...(type === undefined && text !== '' ? ['there is a body'] : []),
      ...(type !== undefined && sent !== type ? [`it is ${sent}, not ${type}`] : []),
      ...(media ? faultsOf(media.schema, type?.endsWith('json') ? json : text) : []),
    ];
  }

  function requestFaults({ requestBody }: OperationObject, body: unknown): string[] {
    if (requestBody === undefined) return body === undefined ? [] : ['no body is documented'];
    if (body === undefined) return requestBody.required ? ['a body is required'] : [];
    const { schema = {} } = Object.values(requestBody.content)[0] ?? {};
    return faultsOf(schema, body);
  }

  return {
    faultsOf,
    /** @param path below the prefix, as the table has it */
    check(method: string, path: string, body: unknown, answer: Answer): string[] {
      const operation = document.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method];
      if (operation === undefined) return ['the operation is not documented'];
      return [
        ...(answer.status < 300 ? requestFaults(operation, body) : []),
        ...answerFaults(operation, answer),
      ];
    },
  };
}
