import { z } from 'zod';
import { type Message, type Part } from '../providers/providers.types';
import { fromReasoningDetails, fromServerSteps, serverSteps } from './server-steps.codec';
import { toSteps } from './steps.codec';

/**
 * Messages as OpenAI's Chat Completions has them, which every surface speaks:
 * https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
 */
const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });

const imagePart = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({
    url: z.string().regex(/^https?:\/\/|^data:image\/[\w.+-]+;base64,/, {
      error: 'expected an http(s) address or a data:image/…;base64,… URL',
    }),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
});

const filePart = z.strictObject({
  type: z.literal('file'),
  file: z.strictObject({
    file_data: z.string().regex(/^data:[\w.+/-]+;base64,/, { error: 'expected a data:<type>;base64,… URL' }),
    filename: z.string().optional(),
  }),
});

const refusalPart = z.strictObject({ type: z.literal('refusal'), refusal: z.string() });

const textContent = z.union([z.string(), z.array(textPart).min(1)], {
  error: 'expected text or an array of text parts',
});

/** What a user says: text, or parts with images and files. */
export const userContent = z.union(
  [z.string(), z.array(z.discriminatedUnion('type', [textPart, imagePart, filePart])).min(1)],
  { error: 'expected text or an array of parts' },
);

const name = z.string().min(1).max(64).optional();

const toolCall = z.strictObject({
  id: z.string().min(1),
  type: z.literal('function').default('function'),
  function: z.strictObject({
    name: z.string().min(1),
    arguments: z.string(),
    parsed_arguments: z.unknown().optional(),
  }),
  index: z.int().optional(),
});

const assistantMessage = z
  .strictObject({
    role: z.literal('assistant'),
    content: z
      .union([z.string(), z.array(z.discriminatedUnion('type', [textPart, refusalPart]))], {
        error: 'expected text, an array of text parts, or null',
      })
      .nullish(),
    name,
    refusal: z.string().nullish(),
    tool_calls: z.array(toolCall).nullish(),
    reasoning_content: z.string().nullish(),
    reasoning_details: z
      .array(z.strictObject({ text: z.string(), format: z.string(), data: z.unknown() }))
      .nullish()
      .meta({ description: 'As an earlier answer carried it: what the provider wants back to go on reasoning' }),
    // Answers carry these; clients send whole answers back. They say nothing to a model.
    annotations: z.array(z.unknown()).nullish(),
    parsed: z.unknown().optional(),
    server_tool_call: z.unknown().optional(),
    server_tool_result: z.unknown().optional(),
    server_steps: serverSteps.nullish().meta({
      description: 'As an earlier answer carried it: told to the model instead of the content and tool calls',
    }),
    citations: z.array(z.unknown()).nullish(),
    stop_reason: z.string().nullish(),
    not_ready: z.array(z.unknown()).nullish(),
    audio: z.null().optional(),
    function_call: z.null().optional(),
  })
  .refine(
    ({ content, refusal, tool_calls, server_steps }) => content || refusal || tool_calls?.length || server_steps,
    {
      error: 'expected content or tool_calls',
      path: ['content'],
    },
  );

export const chatMessages = z
  .array(
    z.discriminatedUnion(
      'role',
      [
        z.strictObject({ role: z.enum(['system', 'developer']), content: textContent, name }),
        z.strictObject({ role: z.literal('user'), content: userContent, name }),
        assistantMessage,
        z.strictObject({ role: z.literal('tool'), content: textContent, tool_call_id: z.string().min(1), name }),
      ],
      { error: "expected a role of 'system', 'developer', 'user', 'assistant' or 'tool'" },
    ),
  )
  .min(1);

type WireMessage = z.output<typeof chatMessages>[number];
type AssistantMessage = Extract<WireMessage, { role: 'assistant' }>;

export const toMessages = (messages: readonly WireMessage[]): Message[] => messages.flatMap(toMessage);

function toMessage(message: WireMessage): Message | Message[] {
  const named = message.name === undefined ? {} : { name: message.name };
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', parts: toParts(message.content), ...named };
    case 'user':
      return { role: 'user', parts: toParts(message.content), ...named };
    case 'assistant':
      return message.server_steps
        ? toSteps(fromServerSteps(message.server_steps, new Set(message.tool_calls?.map(({ id }) => id))))
        : { role: 'assistant', parts: assistantParts(message), ...named };
    case 'tool': {
      const text = toParts(message.content).map((part) => (part.type === 'text' ? part.text : ''));
      return {
        role: 'tool',
        parts: [{ type: 'tool_result', toolCallId: message.tool_call_id, content: text.join('') }],
      };
    }
  }
}

type WirePart = z.output<typeof textPart | typeof imagePart | typeof filePart | typeof refusalPart>;

/** Wire content to parts; a string is one text. */
export const toParts = (content: string | readonly WirePart[]): Part[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content.map(toPart);

function toPart(part: WirePart): Part {
  switch (part.type) {
    case 'text':
      return part;
    case 'refusal':
      return { type: 'refusal', text: part.refusal };
    case 'image_url': {
      const { url, detail } = part.image_url;
      const source = url.startsWith('data:') ? dataUrl(url) : { url };
      return { type: 'image', ...source, ...(detail ? { detail } : {}) };
    }
    case 'file': {
      const { file_data, filename } = part.file;
      return { type: 'file', ...dataUrl(file_data), ...(filename ? { filename } : {}) };
    }
  }
}

function dataUrl(url: string): { data: string; mediaType: string } {
  const comma = url.indexOf(',');
  return { data: url.slice(comma + 1), mediaType: url.slice('data:'.length, comma - ';base64'.length) };
}

function assistantParts(message: AssistantMessage): Part[] {
  const { content, refusal, tool_calls, reasoning_content, reasoning_details } = message;
  const reasoning: Part[] = reasoning_details?.length
    ? fromReasoningDetails(reasoning_details)
    : reasoning_content
      ? [{ type: 'reasoning', text: reasoning_content }]
      : [];
  return [
    ...reasoning,
    ...(content ? toParts(content) : []),
    ...(refusal ? [{ type: 'refusal' as const, text: refusal }] : []),
    ...(tool_calls ?? []).map(({ id, function: { name, arguments: text } }): Part => ({
      type: 'tool_call',
      id,
      name,
      arguments: text,
    })),
  ];
}
