import type * as server from '@modelcontextprotocol/sdk/server/index.js';
import type * as http from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import type * as types from '@modelcontextprotocol/sdk/types.js';

/* eslint-disable @typescript-eslint/no-require-imports -- an import() would load a second zod beside ours */

/** The SDK's server. Loading it takes 100 ms and 9 MB: only when the first client comes, and then once. */
export const sdk = () => ({
  ...(require('@modelcontextprotocol/sdk/server/index.js') as typeof server),
  ...(require('@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js') as typeof http),
  ...(require('@modelcontextprotocol/sdk/types.js') as typeof types),
});
