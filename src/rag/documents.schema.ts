import { z } from 'zod';

/** In JSON. What is filtered by should stay small. */
const METADATA_BYTES = 16 * 1024;

export const metadata = z
  .record(z.string().max(200), z.unknown())
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= METADATA_BYTES, {
    error: 'expected at most 16 kB of JSON',
  })
  .meta({ description: 'Anything to filter by or to keep with it, up to 16 kB', example: { department: 'legal' } });
const title = z
  .string()
  .min(1)
  .max(500)
  .regex(/\S/, { error: 'expected a title that is not blank' })
  .meta({ description: 'The same title again is a new version of it', example: 'Holidays' });

const text = z.string().min(1).meta({ example: 'Every employee has 30 days of holiday.' });
const url = z
  .url({ protocol: /^https?$/, error: 'expected an http:// or https:// address' })
  .max(2_000)
  .meta({ description: 'Fetched in the background', example: 'https://example.com/handbook.html' });

/** As it stands in the OpenAPI document for JSON. */
export const newDocumentBody = z.union([
  z.strictObject({ text, title, metadata: metadata.optional() }),
  z.strictObject({ url, title: title.optional(), metadata: metadata.optional() }),
]);

/** `files` is what a multipart body has become: they are received already. */
export const documentsBody = z
  .strictObject({
    files: z.array(z.unknown()).optional(),
    text: text.optional(),
    url: url.optional(),
    title: title.optional(),
    metadata: metadata.optional(),
  })
  .superRefine(({ files, text: given, url: address, title: name }, context) => {
    if ([files, given, address].filter((one) => one !== undefined).length !== 1)
      context.addIssue('Send one of these: files (as multipart/form-data), a text with its title, or a url.');
    else if (given !== undefined && name === undefined)
      context.addIssue({ code: 'custom', path: ['title'], message: 'a text has no name of its own: say its title' });
    else if (files && name !== undefined)
      context.addIssue({ code: 'custom', path: ['title'], message: 'files have their names as titles' });
  });
export type DocumentsBody = z.output<typeof documentsBody>;

/** As it stands in the OpenAPI document for multipart/form-data. */
export const MULTIPART = {
  type: 'object',
  required: ['files'],
  properties: {
    files: {
      type: 'array',
      maxItems: 100,
      items: { type: 'string', format: 'binary' },
      description: 'Each is judged by itself: one that is refused is a `failed` document with its reason',
    },
    metadata: { type: 'string', description: 'A JSON object, for all of the files', example: '{"department":"legal"}' },
  },
};
