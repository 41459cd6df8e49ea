/**
 * What a Claude model takes and refuses, read from its name: the API answers 400 to a field that a model does not
 * know, and each generation changed some. Names of unknown shape (a gateway's own) count as a recent model that takes
 * everything, so that the server is the one who refuses.
 * Sources, read in November 2026: https://platform.claude.com/docs/en/about-claude/models/overview,
 * …/build-with-claude/thinking, …/build-with-claude/effort, …/build-with-claude/structured-outputs.
 */
export interface ClaudeModel {
  /** Most output tokens of one answer, thinking included. */
  maxOutput: number;
  /** Sent when the caller gives no `max_tokens`, which the API demands. */
  defaultMaxTokens: number;
  /** `temperature` and `top_p`, under API version 2023-06-01: gone since Claude 4.7. */
  sampling: 'both' | 'one' | 'none';
  /** `output_config.format` and strict tools: since Claude 4.5. */
  structured: boolean;
  /** `budget`: a number of tokens (3.7 to 4.5). `adaptive`: the model decides, guided by an effort. */
  thinking: 'none' | 'budget' | 'adaptive';
  /** How a request is kept from thinking: it is off unless asked for, must be switched off, or can't be. */
  quiet: 'omit' | 'disabled' | 'between_tools' | 'never';
  /** Knows effort `xhigh`. */
  xhigh: boolean;
  /** `tool_choice` `any` and `tool`, which no model takes while it thinks. */
  forcedTools: boolean;
  /** Refuses thinking blocks when anything before them has changed, unless told to drop them. */
  bindsThinking: boolean;
}

/** Enough for long answers, and small enough that prompt and answer fit the older 200k windows. */
const DEFAULT_MAX_TOKENS = 32_000;

const UNKNOWN: ClaudeModel = {
  maxOutput: 128_000,
  defaultMaxTokens: 8192,
  sampling: 'both',
  structured: true,
  thinking: 'adaptive',
  quiet: 'omit',
  xhigh: true,
  forcedTools: true,
  bindsThinking: false,
};

/** `claude-3-5-haiku-20241022`, `claude-opus-4-20250514`, `claude-sonnet-5-5`, `anthropic.claude-opus-4-6-v1`. */
const NAME = /claude-(?:(?<old>\d)(?:-(?<oldMinor>\d))?-)?(?<family>[a-z]+)(?:-(?<major>\d+))?(?:-(?<minor>\d)(?!\d))?/;

export function claudeModel(name: string): ClaudeModel {
  const groups = NAME.exec(name)?.groups;
  if (!groups) return UNKNOWN;
  const { old, oldMinor, family, major, minor } = groups;
  const preview = family === 'mythos' && major === undefined; // claude-mythos-preview came before Mythos 5
  const version = preview ? 4.9 : Number(old ?? major) + Number((old ? oldMinor : minor) ?? 0) / 10;
  if (Number.isNaN(version)) return UNKNOWN;
  const alwaysThinks = family === 'fable' || family === 'mythos' || (family === 'opus' && version >= 5.5);
  const maxOutput = maxOutputOf(version, family);
  const quiet = quietOf(version, family, alwaysThinks);
  return {
    maxOutput,
    defaultMaxTokens: Math.min(maxOutput, DEFAULT_MAX_TOKENS),
    sampling: version >= 4.7 ? 'none' : version >= 4.1 ? 'one' : 'both',
    structured: version >= 4.5,
    thinking: version < 3.7 ? 'none' : version < 4.6 ? 'budget' : 'adaptive',
    quiet,
    xhigh: version >= 4.7,
    forcedTools: quiet === 'omit' || quiet === 'disabled',
    bindsThinking: version >= 5.5 || (alwaysThinks && version >= 5.1),
  };
}

function maxOutputOf(version: number, family: string | undefined): number {
  if (version < 3.5) return 4096;
  if (version < 3.7) return 8192;
  if (family === 'opus' && version < 4.5) return 32_000;
  return version < 4.6 ? 64_000 : 128_000;
}

function quietOf(version: number, family: string | undefined, alwaysThinks: boolean): ClaudeModel['quiet'] {
  if (alwaysThinks) return 'never';
  if (version < 5) return 'omit';
  return family === 'sonnet' && version >= 5.5 ? 'between_tools' : 'disabled';
}
