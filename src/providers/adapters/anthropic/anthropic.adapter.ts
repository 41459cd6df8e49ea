import { type Readable } from 'node:stream';
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import {
  type GenerationRequest,
  type ModelEvent,
  type ModelRequest,
  type ProviderAdapter,
  type ProviderConnection,
} from '../../providers.types';
import { ProviderHttp, type ProviderAnswer, signedRequest, type SignedRequest } from '../../wire/provider-http';
import { isStream, textOf } from '../../wire/response-body';
import { SseBody } from '../../wire/sse-body';
import { toUpstreamError } from './anthropic.errors';
import { readMessage } from './anthropic.message';
import { claudeModel } from './anthropic.models';
import { mostOutput } from './anthropic.reasoning';
import { type MessagesCall, toMessagesCall } from './anthropic.request';
import { AnswerReader } from './anthropic.stream';

/** The SDK sends the key as a bearer token; gateways in front of the API may know only the older header. */
function headersFor(apiKey: string | null, baseUrl: string): Record<string, string | null> {
  if (apiKey === null) return { authorization: null };
  return new URL(baseUrl).hostname === 'api.anthropic.com' ? {} : { 'x-api-key': apiKey };
}

/** Anthropic's Messages API. https://platform.claude.com/docs/en/api/messages */
export class AnthropicAdapter implements ProviderAdapter {
  readonly id: string;
  private readonly apiKey: string | null;
  private readonly http = new ProviderHttp((...refusal) => APIError.generate(...refusal));
  private readonly request: Promise<SignedRequest>;

  constructor({ id, apiKey, baseUrl }: ProviderConnection) {
    this.id = id;
    this.apiKey = apiKey;
    // With a key set, the SDK takes no other credentials from the environment or from disk.
    const client = new Anthropic({
      apiKey: apiKey ?? 'none',
      authToken: null,
      webhookKey: null,
      baseURL: baseUrl,
      logLevel: 'off',
      openTelemetry: false,
      maxRetries: 0,
      defaultHeaders: headersFor(apiKey, baseUrl),
    });
    this.request = client
      .buildRequest({ method: 'post', path: '/v1/messages', body: {} })
      .then((built) => signedRequest('POST', built));
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    const call = toMessagesCall(this.id, request);
    let bytes: Readable | null = null;
    let complete = false;
    try {
      signal.throwIfAborted();
      const answer = await this.post(call, request, signal);
      bytes = answer.body;
      const reader = new AnswerReader({
        provider: this.id,
        apiKey: this.apiKey,
        jsonTool: call.jsonTool,
        requestId: answer.header('request-id'),
      });
      if (!isStream(answer, request.stream)) {
        const events = readMessage(reader, await textOf(bytes));
        complete = true;
        yield* events;
        return;
      }
      // Left open at the end of the answer, so that the connection can serve again.
      for await (const waiting of new SseBody(bytes)) {
        for (const data of waiting) {
          const events = reader.read(data);
          complete = reader.complete;
          for (const event of events) yield event;
          if (complete) return;
        }
      }
      reader.assertComplete();
    } catch (error) {
      signal.throwIfAborted();
      throw toUpstreamError(error, { provider: this.id, apiKey: this.apiKey }, bytes !== null);
    } finally {
      if (bytes) this.http.release(bytes, complete);
    }
  }

  mostOutput(request: Pick<GenerationRequest, 'reasoningEffort' | 'maxTokens'>, model: string): number {
    return mostOutput(request, claudeModel(model));
  }

  /** Waits for calls under way. */
  close(): Promise<void> {
    return this.http.close();
  }

  private async post(
    { body, headers: more }: MessagesCall,
    { requestId, onSent }: ModelRequest,
    signal: AbortSignal,
  ): Promise<ProviderAnswer> {
    const headers = { 'x-request-id': requestId, ...more };
    return this.http.send(await this.request, headers, JSON.stringify(body), signal, onSent);
  }
}
