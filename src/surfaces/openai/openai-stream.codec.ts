import { type Answer, type ChatEvent } from '../../chat/chat.types';
import { answerHeaders, modelOf, toNativeGrounding } from '../../chat/native.codec';
import { type ErrorBody } from '../../platform/common/errors/problem';
import { type EventCodec } from '../../platform/common/http/sse.service';
import { toReasoningDetails, toServerSteps } from '../../chat/server-steps.codec';
import { newCompletionId, toUsage } from './openai.codec';

/**
 * Chunks of a streamed completion: https://platform.openai.com/docs/api-reference/chat-streaming
 * What is the same in all of them is put into text once.
 */
export class OpenAiStreamCodec implements EventCodec<ChatEvent> {
  private head = '';
  private readonly tail: string;
  private readonly introduced = new Set<number>();
  private readonly identity = { id: newCompletionId(), created: Math.floor(Date.now() / 1000) };

  constructor(
    private readonly answer: Answer,
    private readonly includeUsage: boolean,
  ) {
    this.tail = includeUsage ? ',"usage":null}\n\n' : '}\n\n';
  }

  begins({ type }: ChatEvent): boolean {
    return type !== 'start' && type !== 'opaque' && type !== 'citation';
  }

  headers(): Record<string, string> {
    return answerHeaders(this.answer);
  }

  early(): string {
    return ': keep-alive\n\n';
  }

  frame(event: ChatEvent): string {
    switch (event.type) {
      case 'start':
        return this.start();
      case 'text': {
        const logprobs = event.logprobs === undefined ? 'null' : JSON.stringify(event.logprobs);
        return this.delta(event.choice, `{"content":${JSON.stringify(event.delta)}}`, logprobs);
      }
      case 'refusal':
        return this.delta(event.choice, `{"refusal":${JSON.stringify(event.delta)}}`);
      case 'reasoning':
        return this.reasoning(event);
      case 'tool_call':
        return this.delta(event.choice, JSON.stringify({ tool_calls: [toToolCallDelta(event)] }));
      case 'server_call':
        return this.delta(0, JSON.stringify({ server_tool_call: event.call }));
      case 'server_result': {
        const { content, isError, truncated } = event.result;
        const result = { id: event.call.id, content, is_error: isError, truncated };
        return this.delta(0, JSON.stringify({ server_tool_result: result }));
      }
      case 'approval':
      case 'citation': // told with the end
      case 'opaque':
        return '';
      case 'finish':
        return this.finish(event);
    }
  }

  failure(error: ErrorBody): string {
    return `data: ${JSON.stringify({ error })}\n\n`;
  }

  end(): string {
    return 'data: [DONE]\n\n';
  }

  private start(): string {
    const { id, created } = this.identity;
    const common = JSON.stringify({ id, object: 'chat.completion.chunk', created, model: modelOf(this.answer) ?? '' });
    this.head = `data: ${common.slice(0, -1)},"choices":[`;
    return this.introduce(0);
  }

  /** The first delta of each choice names the role. */
  private introduce(choice: number): string {
    if (this.introduced.has(choice)) return '';
    this.introduced.add(choice);
    return this.chunk(choice, '{"role":"assistant","content":"","refusal":null}', 'null', 'null');
  }

  private delta(choice = 0, delta: string, logprobs = 'null'): string {
    return this.introduce(choice) + this.chunk(choice, delta, logprobs, 'null');
  }

  private chunk(choice: number, delta: string, logprobs: string, reason: string): string {
    return `${this.head}{"index":${choice},"delta":${delta},"logprobs":${logprobs},"finish_reason":${reason}}]${this.tail}`;
  }

  private reasoning({ delta, choice, opaque }: Extract<ChatEvent, { type: 'reasoning' }>): string {
    const said = delta ? this.delta(choice, `{"reasoning_content":${JSON.stringify(delta)}}`) : '';
    if (!opaque) return said;
    const details = toReasoningDetails(this.answer.content.parts(choice)).slice(-1);
    return said + this.delta(choice, JSON.stringify({ reasoning_details: details }));
  }

  private finish({ reason, reasons, usage, stop }: Extract<ChatEvent, { type: 'finish' }>): string {
    const start = this.head ? '' : this.start(); // an answer may end before anybody gave it
    const steps = toServerSteps(this.answer.content.parts());
    const last = JSON.stringify({
      ...toNativeGrounding(this.answer),
      ...(stop === undefined ? {} : { stop_reason: stop }),
      ...(steps ? { server_steps: steps } : {}),
    });
    const ends = (reasons ?? [reason]).map(
      (each, choice) => this.introduce(choice) + this.chunk(choice, last, 'null', `"${each}"`),
    );
    const total = this.includeUsage ? `${this.head}],"usage":${JSON.stringify(toUsage(usage))}}\n\n` : '';
    return start + ends.join('') + total;
  }
}

function toToolCallDelta({ index, id, name, argumentsDelta }: Extract<ChatEvent, { type: 'tool_call' }>) {
  return id === undefined
    ? { index, function: { arguments: argumentsDelta } }
    : { index, id, type: 'function', function: { name, arguments: argumentsDelta } };
}
