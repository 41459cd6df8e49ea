import { z } from 'zod';
import { defineTool } from '../define-tool';
import { ToolError } from '../tools.errors';

export const currentTime = defineTool({
  name: 'current_time',
  description: 'The current date and time, in UTC and in a time zone.',
  input: z.object({
    timezone: z.string().max(64).default('UTC').describe('IANA name such as Europe/Berlin; UTC when absent'),
  }),
  output: z.object({
    utc: z.string(),
    timezone: z.string(),
    local: z.string().describe('Date, weekday and time there'),
  }),
  sideEffects: 'reads',
  execute: ({ timezone }) => {
    const now = new Date();
    return { utc: now.toISOString(), timezone, local: localTime(now, timezone) };
  },
});

function localTime(now: Date, timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long', timeZone }).format(now);
  } catch {
    throw new ToolError(`There is no time zone '${timeZone}'. Use an IANA name such as Europe/Berlin.`);
  }
}
