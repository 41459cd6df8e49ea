import { transformJSONSchema } from '@anthropic-ai/sdk/lib/transform-json-schema';
import { type Messages } from '@anthropic-ai/sdk/resources/messages';
import { unsupportedParameter } from '../../providers.errors';
import { type GenerationRequest, type ToolDefinition } from '../../providers.types';
import { type ClaudeModel } from './anthropic.models';

type Schema = Record<string, unknown>;

/** The fields of a body that say which tools there are, which are to be used, and what shape the answer has. */
export interface Tools {
  tools?: Messages.Tool[];
  tool_choice?: Messages.ToolChoice;
  format?: Messages.JSONOutputFormat;
  /** Said to the model besides the caller's own system messages. */
  instruction?: string;
  /** The tool whose arguments are the answer, as JSON. */
  jsonTool: string | null;
  /** A tool must be used, which no model does while it thinks. */
  forced: boolean;
}

/**
 * Answers in JSON: models since 4.5 follow a schema by themselves. Any JSON object, a schema with open objects, and
 * any schema at an older model become a tool that must be used and whose arguments are the answer. Where tools can't be
 * forced (some models, and any that thinks) the model is told to use it.
 * Sources: https://platform.claude.com/docs/en/build-with-claude/structured-outputs,
 * …/agents-and-tools/tool-use/define-tools
 * @param mayForce whether this call can demand the use of a tool.
 * @throws unsupported_parameter for a forced tool where none can be, and for a schema the API can't follow.
 */
export function toTools(provider: string, request: GenerationRequest, model: ClaudeModel, mayForce: boolean): Tools {
  const { tools = [], toolChoice = 'auto', parallelToolCalls, responseFormat } = request;
  const offered = tools.map((tool, index) => toTool(provider, tool, index, model));
  const named = typeof toolChoice === 'object';
  const required = named || toolChoice === 'required';
  if (required && offered.length > 0 && !mayForce) {
    throw unsupportedParameter(
      provider,
      'tool_choice',
      'this model can not be made to use a tool, or not while it thinks',
    );
  }
  const single = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  const json = jsonOf(provider, responseFormat, model);
  // A tool the caller demands by name is the answer; a text in JSON can't come then.
  if (!json.tool || named) {
    if (offered.length === 0) return { ...json.native, jsonTool: null, forced: false };
    return {
      ...json.native,
      tools: offered,
      tool_choice: choiceOf(toolChoice, single),
      jsonTool: null,
      forced: required,
    };
  }
  const name = freeName(offered);
  const jsonTool: Messages.Tool = { ...json.tool, name };
  const others = toolChoice === 'none' ? [] : offered;
  return {
    tools: [...others, jsonTool],
    tool_choice: {
      ...(!mayForce ? { type: 'auto' } : others.length > 0 ? { type: 'any' } : { type: 'tool', name }),
      disable_parallel_tool_use: true, // one answer
    },
    ...(!mayForce && { instruction: `Give your answer by calling the tool \`${name}\`, and write nothing else.` }),
    jsonTool: name,
    forced: mayForce,
  };
}

function choiceOf(choice: NonNullable<GenerationRequest['toolChoice']>, single: object): Messages.ToolChoice {
  if (choice === 'none') return { type: 'none' };
  if (choice === 'required') return { type: 'any', ...single };
  if (choice === 'auto') return { type: 'auto', ...single };
  return { type: 'tool', name: choice.name, ...single };
}

function toTool(provider: string, tool: ToolDefinition, index: number, { structured }: ClaudeModel): Messages.Tool {
  const { name, description, parameters = {}, strict } = tool;
  const schema = { properties: {}, ...parameters, type: 'object' as const };
  const told = { name, ...(description && { description }) };
  if (!strict || !structured) return { ...told, input_schema: schema };
  const closed = closedSchema(provider, `tools[${index}].function.parameters`, schema);
  return { ...told, input_schema: { ...closed, type: 'object' }, strict: true };
}

/** The part of a schema that the API enforces; what it can't enforce is told to the model in the description. */
function closedSchema(provider: string, field: string, schema: Schema): Schema {
  try {
    return transformJSONSchema(schema);
  } catch (error) {
    throw unsupportedParameter(provider, field, error instanceof Error ? error.message : undefined);
  }
}

interface Json {
  native?: { format: Messages.JSONOutputFormat };
  tool?: Omit<Messages.Tool, 'name'>;
}

function jsonOf(provider: string, asked: GenerationRequest['responseFormat'], { structured }: ClaudeModel): Json {
  if (!asked || asked.type === 'text') return {};
  if (asked.type === 'json_object') {
    return { tool: { description: 'Answer with a JSON object.', input_schema: { type: 'object' } } };
  }
  if (structured && !isOpen(asked.schema)) {
    return {
      native: { format: { type: 'json_schema', schema: closedSchema(provider, 'response_format', asked.schema) } },
    };
  }
  if (asked.schema['type'] !== 'object') {
    throw unsupportedParameter(provider, 'response_format', 'at this model the schema must be that of an object');
  }
  const description = asked.description ?? `Answer with ${asked.name}.`;
  return { tool: { description, input_schema: { ...asked.schema, type: 'object' } } };
}

/** Whether a schema has objects with members it doesn't name, which the API's own schemas can't express. */
function isOpen(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(isOpen);
  if (typeof schema !== 'object' || schema === null) return false;
  const { type, properties, additionalProperties } = schema as Schema;
  if (type === 'object' && (properties === undefined || (additionalProperties ?? false) !== false)) return true;
  return Object.values(schema).some(isOpen);
}

/** `json`, unless the caller has a tool of that name. */
function freeName(tools: readonly Messages.Tool[]): string {
  let name = 'json';
  while (tools.some((tool) => tool.name === name)) name += '_answer';
  return name;
}
