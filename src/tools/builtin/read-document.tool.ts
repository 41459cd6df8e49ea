import { z } from 'zod';
import { type ParleyYaml } from '../../platform/config/parley-yaml';
import { documentNotFound } from '../../rag/documents.errors';
import { type DocumentsService } from '../../rag/documents.service';
import { defineTool } from '../define-tool';
import { ToolError } from '../tools.errors';

const DEFAULT_LENGTH = 8_000;
/** Of a result, beside the text: the title of a document has 500 characters at most. */
const FRAME = 700;

export const readDocument = (documents: DocumentsService, { tools }: ParleyYaml) =>
  defineTool({
    name: 'read_document',
    description: 'Reads a part of the text of a document that search_documents found, from any place in it.',
    input: z.object({
      document_id: z.uuid(),
      from: z.int().min(0).default(0).describe('The first character, counted from 0'),
      length: z.int().min(1).default(DEFAULT_LENGTH).describe('How many characters at most'),
    }),
    sideEffects: 'reads',
    permission: 'documents:read',
    execute: async ({ document_id: id, from, length }, { principal, collectionIds }) => {
      const { collection_id, title } = await documents.get(principal, id);
      if (collectionIds && !collectionIds.includes(collection_id)) throw documentNotFound();
      const { text } = await documents.text(principal, id);
      if (from > 0 && from >= text.length) throw new ToolError(`The text ends at character ${text.length}.`);
      const window = text.slice(from, from + Math.min(length, Math.max(1, tools.max_output - FRAME)));
      const place = `characters ${from} to ${from + window.length} of ${text.length}`;
      return `Document: ${title}\nPart: ${place}\n\n${window}`;
    },
  });
