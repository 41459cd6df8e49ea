import { z } from 'zod';
import { type PageReader } from '../../rag/page-reader.service';
import { defineTool } from '../define-tool';
import { type ToolSettingsService } from '../tool-settings.service';

export const webPage = (pages: PageReader, settings: ToolSettingsService) =>
  defineTool({
    name: 'web_page',
    description:
      'Reads a public web page and gives its title and readable text without navigation and advertising. Also reads PDF, ' +
      'Word, PowerPoint, Excel, EPUB, CSV, Markdown and plain text.',
    input: z.object({ url: z.string().min(1).max(2_000).describe('For example https://example.com/article') }),
    sideEffects: 'reads',
    timeoutMs: 60_000,
    execute: async ({ url }, { principal }, signal) => {
      const hosts = await settings.allowedHosts(principal.workspaceId);
      const page = await pages.read(url, hosts, signal);
      return `Title: ${page.title ?? 'none'}\nURL: ${page.url}\n\n${page.text}`;
    },
  });
