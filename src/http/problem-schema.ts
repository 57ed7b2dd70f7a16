/** A problem as documents describe it. */
import { z } from 'zod';
import type { ErrorCode } from '../platform/errors.ts';
import { PROBLEMS } from './problems.ts';

const codes = Object.keys(PROBLEMS) as [ErrorCode, ...ErrorCode[]];

/** RFC 9457, with what we add to it. */
export const problemSchema = z
  .strictObject({
    type: z.templateLiteral(['urn:ordo:problem:', z.enum(codes)]),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    code: z.enum(codes),
    instance: z.string().exactOptional().meta({ description: 'Names the request in our log.' }),
    errors: z
      .array(
        z.strictObject({
          pointer: z.string().meta({
            description:
              'RFC 6901, into the body; `/path`, `/query` or `/headers` go before the other parts.',
          }),
          code: z.string(),
          detail: z.string(),
        }),
      )
      .exactOptional(),
    state: z.string().exactOptional().meta({ description: 'Of the order that refused a command.' }),
    allowedEvents: z
      .array(z.string())
      .exactOptional()
      .meta({ description: 'What the caller may send to it now.' }),
  })
  .meta({
    id: 'Problem',
    description: 'A refusal (RFC 9457); its words follow `Accept-Language`, en or vi.',
  });
