import { z } from 'zod';
import { contentTypeOf, decoderOf } from '../../platform/net/content-type';
import { type PagesService } from '../../rag/pages.service';
import { defineTool } from '../define-tool';
import { type ToolSettingsService } from '../tool-settings.service';

/** Of a body, decoded: what comes after them is not read. */
const MOST_BYTES = 1024 * 1024;
const ACCEPT = 'application/json,text/*;q=0.9,*/*;q=0.5';
const TEXT =
  /^(?:text\/.*|application\/(?:.*\+)?(?:json|xml|yaml)|application\/(?:x-)?(?:ndjson|javascript|sql|www-form-urlencoded))$/;
/** What is not text, where a server does not say what it is: control characters other than tabs, line ends, escapes. */
const CONTROL = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/;

export const httpGet = (pages: PagesService, settings: ToolSettingsService) =>
  defineTool({
    name: 'http_get',
    description:
      'Sends a GET request to a public http or https address and gives the status, the content type and the body as it ' +
      'is, where that is text or JSON. Use web_page to read a page made for people.',
    input: z.object({ url: z.string().min(1).max(2_000).describe('For example https://api.example.com/v1/status') }),
    sideEffects: 'reads',
    execute: async ({ url }, { principal }, signal) => {
      const hosts = await settings.allowedHosts(principal.workspaceId);
      const { status, headers, body, url: from } = await pages.open(url, { accept: ACCEPT, hosts }, signal);
      const type = headers['content-type'];
      const { mediaType, charset } = contentTypeOf(type);
      const head = `Status: ${status}\nURL: ${from}\nContent-Type: ${type ?? 'not told'}\n\n`;
      if (mediaType !== '' && !TEXT.test(mediaType)) {
        body.destroy();
        return `${head}[Not text: ${headers['content-length'] ?? 'an unknown number of'} bytes of ${mediaType}.]`;
      }
      const { bytes, whole } = await beginning(body);
      if (mediaType === '' && CONTROL.test(bytes.toString('latin1'))) {
        return `${head}[Not text: ${headers['content-length'] ?? bytes.length} bytes of an unknown type.]`;
      }
      const text = (decoderOf(charset ?? 'utf-8') ?? new TextDecoder()).decode(bytes, { stream: !whole });
      return head + text + (whole ? '' : `\n[Cut here: the first ${MOST_BYTES} bytes are shown.]`);
    },
  });

/** As much as is looked at; the rest is not waited for. */
async function beginning(body: AsyncIterable<Buffer>): Promise<{ bytes: Buffer; whole: boolean }> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    pieces.push(piece);
    size += piece.length;
    if (size > MOST_BYTES) break;
  }
  return { bytes: Buffer.concat(pieces).subarray(0, MOST_BYTES), whole: size <= MOST_BYTES };
}
