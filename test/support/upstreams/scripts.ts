/**
 * What a fake upstream plays. The script is the last segment of the model's name, so that a test says what should go
 * wrong where it picks its model: `openai/cut-after-3`. Any other name answers like `echo`, and what stands before a
 * slash in the upstream's own model name is left for adapters to look at: `claude-3-5-haiku/json`.
 *
 * | name | what happens |
 * | --- | --- |
 * | `echo` | repeats the last user's text, a word per delta |
 * | `inspect` | answers with the JSON text of the body it received |
 * | `big-N` | N deltas of 64 KiB |
 * | `words-N`, `length`, `filtered`, `filtered-N` | N words ("one", " two", …); the last two finish for length, for content |
 * | `cut-after-N`, `end-after-N`, `error-after-N`, `malformed-after-N`, `hang-after-N` | N words, then the socket is destroyed · a clean HTTP end without the terminal event · the wire's overloaded error · broken JSON · silence |
 * | `hang`, `empty`, `late-MS-N` | no headers ever · headers and no event · nothing at all for MS ms, then N words |
 * | `slow-MS`, `slow-MS-N`, `keepalive-MS-N` | 20 or N words, MS ms apart; the last with a comment or ping between words |
 * | `dup-end-N` | the terminal event comes twice |
 * | `TAG!script` | the same with TAG before every word, so that it is seen whose words they are |
 * | `ID~script~script` | the first request plays the first script, the second the second, all later ones the last |
 * | `limit-N` | 429 with `retry-after: N` |
 * | `giant-N` | one delta of N MiB |
 * | `filtered-0` | stopped for content before anything was said |
 * | `status-CODE`, `context-length`, `content-filter`, `quota` | the provider's own error body; 429 carries `retry-after: 7` |
 * | `tool`, `tools-2` | asks for `get_weather` once or twice; told the results, answers "It is <result>." |
 * | `plan` | the user's text is what it does: each line `call <tool> <arguments>` one step, with ` & ` between several calls; then a line for each result. Any other text is answered as by `echo` |
 * | `endless`, `stuck` | says "Step N." and calls `calculator`, for ever: with `N + 1`, with `1 + 1`; N counts its steps since the user spoke. Heeds the limit of tokens |
 * | `cites`, `slow-cites-MS` | "Leave is 28 days [1]. “Hotels cost at most 120 EUR” [9][1], and so on [7].", cut anywhere; as long again, MS ms apart |
 * | `judge` | one line for each passage of the prompt, `N: score`, the last the best |
 * | `json`, `reasoning`, `instant` | `{"answer":42}` · thinks "thinking hard", says "done" · "ok" |
 * | `cached`, `no-usage` | usage with cached tokens · no usage told, where the wire allows |
 *
 * Not streaming, a fault after N words leaves half a body behind; `error-after-N` is then an HTTP error.
 */
export type Block =
  | { type: 'text'; deltas: string[] }
  | { type: 'reasoning'; deltas: string[] }
  /** `deltas` join to the JSON text of the arguments. */
  | { type: 'tool_call'; name: string; deltas: string[] };

export type Finish = 'stop' | 'length' | 'tool_calls' | 'content_filter';
export type Fault = 'cut' | 'end' | 'error' | 'malformed' | 'hang';

export interface Answer {
  kind: 'answer';
  blocks: Block[];
  finish: Finish;
  /** Comes after the last delta, instead of the rest. */
  fault: Fault | null;
  terminalTwice: boolean;
  gapMs: number;
  /** Before the headers. */
  lateMs: number;
  keepAlive: boolean;
  usage: 'plain' | 'cached' | 'none';
}

export type Refusal = number | 'context-length' | 'content-filter' | 'quota' | 'overloaded';
export type Script =
  Answer | { kind: 'refuse'; why: Refusal; retryAfter?: number } | { kind: 'hang' } | { kind: 'empty' };

/** What a script may look at, whichever wire it came over. */
export interface Asked {
  model: string;
  stream: boolean;
  lastUserText: string;
  /** Those the conversation ends with. */
  toolResults: string[];
  /** All there are since the last user's text, in their order. */
  allResults: string[];
  /** Answers that called tools since then. */
  steps: number;
  /** Null when it may be of any length. */
  maxTokens: number | null;
  body: unknown;
}

const answer = (blocks: Block[], more: Partial<Answer> = {}): Answer => ({
  kind: 'answer',
  blocks,
  finish: 'stop',
  fault: null,
  terminalTwice: false,
  gapMs: 0,
  lateMs: 0,
  keepAlive: false,
  usage: 'plain',
  ...more,
});
const text = (...deltas: string[]): Block => ({ type: 'text', deltas });
const echo = ({ lastUserText }: Asked): Block => text(...splitWords(lastUserText));
const words = (count: number, more?: Partial<Answer>): Answer =>
  answer([{ type: 'text', deltas: countTo(count) }], more);
const weather = (city: string): Block => ({
  type: 'tool_call',
  name: 'get_weather',
  deltas: ['{"ci', `ty":"${city}`, '"}'],
});
const toolTurn = ({ toolResults }: Asked, ...calls: Block[]): Answer =>
  toolResults.length > 0
    ? answer([text(...splitWords(`It is ${toolResults.join(' and ')}.`))])
    : answer(calls, { finish: 'tool_calls' });

/** Pieces of a few characters, none of which cuts one in half. */
const inPieces = (value: string): string[] => value.match(/[^]{1,7}/gu) ?? [''];
const call = (name: string, args: string): Block => ({ type: 'tool_call', name, deltas: inPieces(args) });

function planned(asked: Asked): Answer {
  const lines = asked.lastUserText.trim().split(/\n(?=call )/);
  if (!lines[0]?.startsWith('call ')) return answer([echo(asked)]);
  const line = lines[asked.steps];
  if (line === undefined) return answer([text(...splitWords(asked.allResults.join('\n')))]);
  const calls = line.split(/ & (?=call )/).map((one) => /^call (\S+)\s*([^]*)$/.exec(one));
  return answer(
    calls.map((found) => call(found?.[1] ?? '', found?.[2] ?? '')),
    { finish: 'tool_calls' },
  );
}

/** Cut where the caller wants no more, as models are. */
function stepping({ steps, maxTokens }: Asked, expression: string): Answer {
  let left = maxTokens ?? Infinity;
  const blocks = [text(`Step ${steps + 1}.`), call('calculator', JSON.stringify({ expression }))].flatMap((block) => {
    const deltas = block.deltas.slice(0, left);
    left -= deltas.length;
    return deltas.length > 0 ? [{ ...block, deltas }] : [];
  });
  return answer(blocks, { finish: left > 0 ? 'tool_calls' : 'length' });
}

const CITES = [
  'Leave is',
  ' 28 days [',
  '1',
  ']. “Hotels cost at',
  ' most 120 EUR” [9][1',
  ']',
  ', and so on ',
  '[7',
  '].',
];
const judgements = ({ lastUserText }: Asked): string[] =>
  [...lastUserText.matchAll(/ passage (\d+)\n/g)].map(([, n]) => `${n}: ${Math.min(Number(n), 10)}\n`);

type Play = (asked: Asked, a: number, b: number) => Script;
const SCRIPTS: [RegExp, Play][] = [
  [/^inspect$/, ({ body }) => answer([text(JSON.stringify(body))])],
  [/^words-(\d+)$/, (_, n) => words(n)],
  [/^big-(\d+)$/, (_, n) => answer([{ type: 'text', deltas: Array<string>(n).fill('x'.repeat(65_536)) }])],
  [/^giant-(\d+)$/, (_, n) => answer([{ type: 'text', deltas: ['x'.repeat(n * 1024 * 1024)] }])],
  [/^limit-(\d+)$/, (_, retryAfter) => ({ kind: 'refuse', why: 429, retryAfter })],
  [/^length$/, () => words(5, { finish: 'length' })],
  [/^filtered$/, () => words(2, { finish: 'content_filter' })],
  [/^filtered-(\d+)$/, (_, n) => words(n, { finish: 'content_filter' })],
  [/^cut-after-(\d+)$/, (_, n) => words(n, { fault: 'cut' })],
  [/^end-after-(\d+)$/, (_, n) => words(n, { fault: 'end' })],
  [/^error-after-(\d+)$/, (_, n) => words(n, { fault: 'error' })],
  [/^malformed-after-(\d+)$/, (_, n) => words(n, { fault: 'malformed' })],
  [/^hang-after-(\d+)$/, (_, n) => words(n, { fault: 'hang' })],
  [/^hang$/, () => ({ kind: 'hang' })],
  [/^empty$/, () => ({ kind: 'empty' })],
  [/^late-(\d+)-(\d+)$/, (_, lateMs, n) => words(n, { lateMs })],
  [/^slow-(\d+)$/, (_, gapMs) => words(20, { gapMs })],
  [/^slow-(\d+)-(\d+)$/, (_, gapMs, n) => words(n, { gapMs })],
  [/^keepalive-(\d+)-(\d+)$/, (_, gapMs, n) => words(n, { gapMs, keepAlive: true })],
  [/^dup-end-(\d+)$/, (_, n) => words(n, { terminalTwice: true })],
  [/^status-(\d{3})$/, (_, status) => ({ kind: 'refuse', why: status })],
  [/^context-length$/, () => ({ kind: 'refuse', why: 'context-length' })],
  [/^content-filter$/, () => ({ kind: 'refuse', why: 'content-filter' })],
  [/^quota$/, () => ({ kind: 'refuse', why: 'quota' })],
  [/^tool$/, (asked) => toolTurn(asked, weather('Paris'))],
  [/^tools-2$/, (asked) => toolTurn(asked, weather('Paris'), weather('Rome'))],
  [/^plan$/, planned],
  [/^endless$/, (asked) => stepping(asked, `${asked.steps + 1} + 1`)],
  [/^stuck$/, (asked) => stepping(asked, '1 + 1')],
  [/^json$/, () => answer([text('{"answer":', '42}')])],
  [/^reasoning$/, () => answer([{ type: 'reasoning', deltas: ['thinking', ' hard'] }, text('done')])],
  [/^cites$/, () => answer([text(...CITES)])],
  [/^slow-cites-(\d+)$/, (_, gapMs) => answer([text(...CITES, ...countTo(100))], { gapMs })],
  [/^judge$/, (asked) => answer([text(...judgements(asked))])],
  [/^instant$/, () => answer([text('ok')])],
  [/^cached$/, (asked) => answer([echo(asked)], { usage: 'cached' })],
  [/^no-usage$/, (asked) => answer([echo(asked)], { usage: 'none' })],
];

/** @param before how often the same model was asked already */
export function scriptOf(asked: Asked, before: number): Script {
  const model = asked.model.slice(asked.model.lastIndexOf('/') + 1);
  const [, ...sequence] = model.split('~');
  const [name = '', tag] = (sequence[Math.min(before, sequence.length - 1)] ?? model).split('!').reverse();
  const script = scriptNamed(name, asked);
  return tag === undefined || script.kind !== 'answer' ? script : tagged(script, tag);
}

function scriptNamed(name: string, asked: Asked): Script {
  for (const [pattern, play] of SCRIPTS) {
    const match = pattern.exec(name);
    if (match) return play(asked, Number(match[1]), Number(match[2]));
  }
  return answer([echo(asked)]);
}

const tagged = (script: Answer, tag: string): Answer => ({
  ...script,
  blocks: script.blocks.map((block) =>
    block.type === 'text' ? { ...block, deltas: block.deltas.map((delta) => delta.replace(/\S+/, `${tag}$&`)) } : block,
  ),
});

/** Words with the space before them, so that the deltas join to the very same text. */
export const splitWords = (value: string): string[] => value.match(/\s*\S+(?:\s+$)?/g) ?? [];

/** ["one", " two", …] */
export const countTo = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => (i === 0 ? '' : ' ') + spell(i + 1));

const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'zero ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/** One token per number, whatever its size: "forty-two", "1234". */
function spell(n: number): string {
  if (n < 20) return SMALL[n]!;
  if (n >= 100) return String(n);
  return TENS[Math.floor(n / 10)]! + (n % 10 ? `-${SMALL[n % 10]!}` : '');
}
