import type * as client from '@modelcontextprotocol/sdk/client/index.js';
import type * as http from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type * as stdio from '@modelcontextprotocol/sdk/shared/stdio.js';
import type * as types from '@modelcontextprotocol/sdk/types.js';

/* eslint-disable @typescript-eslint/no-require-imports -- an import() would load a second zod beside ours */

/** The SDK's client. Loading it takes 100 ms and 11 MB: only where there is a server to speak to, and then once. */
export const sdk = () => ({
  ...(require('@modelcontextprotocol/sdk/client/index.js') as typeof client),
  ...(require('@modelcontextprotocol/sdk/client/streamableHttp.js') as typeof http),
  ...(require('@modelcontextprotocol/sdk/shared/stdio.js') as typeof stdio),
  ...(require('@modelcontextprotocol/sdk/types.js') as typeof types),
});
