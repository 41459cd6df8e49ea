import { type Readable } from 'node:stream';
import Anthropic from '@anthropic-ai/sdk';
import {
  type ModelEvent,
  type ModelRequest,
  type ProviderAdapter,
  type ProviderConnection,
} from '../../providers.types';
import { ProviderHttp } from '../../wire/provider-http';
import { isStream, textOf } from '../../wire/response-body';
import { readSse } from '../../wire/sse-reader';
import { toUpstreamError } from './anthropic.errors';
import { readMessage } from './anthropic.message';
import { type MessagesCall, toMessagesCall } from './anthropic.request';
import { AnswerReader } from './anthropic.stream';

/** The SDK bounds the wait for headers by a timer; calls are bounded by their signal, so the timer never fires. */
const NEVER_MS = 2 ** 31 - 1;

/** The SDK sends the key as a bearer token; gateways in front of the API may know only the older header. */
function headersFor(apiKey: string | null, baseUrl: string): Record<string, string | null> {
  if (apiKey === null) return { authorization: null };
  return new URL(baseUrl).hostname === 'api.anthropic.com' ? {} : { 'x-api-key': apiKey };
}

/** Anthropic's Messages API. https://platform.claude.com/docs/en/api/messages */
export class AnthropicAdapter implements ProviderAdapter {
  readonly id: string;
  private readonly apiKey: string | null;
  private readonly http = new ProviderHttp();
  private readonly client: Anthropic;

  constructor({ id, apiKey, baseUrl }: ProviderConnection) {
    this.id = id;
    this.apiKey = apiKey;
    // With a key set, the SDK takes no other credentials from the environment or from disk.
    this.client = new Anthropic({
      apiKey: apiKey ?? 'none',
      authToken: null,
      webhookKey: null,
      baseURL: baseUrl,
      logLevel: 'off',
      openTelemetry: false,
      maxRetries: 0,
      timeout: NEVER_MS,
      fetch: this.http.fetch,
      defaultHeaders: headersFor(apiKey, baseUrl),
    });
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    const call = toMessagesCall(this.id, request);
    let bytes: Readable | null = null;
    let complete = false;
    // The SDK leaves its listener on the signal it is given: one of this call's own keeps the caller's clean.
    const gone = new AbortController();
    const stop = () => {
      gone.abort();
      bytes?.destroy();
    };
    try {
      signal.throwIfAborted();
      signal.addEventListener('abort', stop, { once: true });
      const response = await this.post(call, request.requestId, gone.signal);
      bytes = this.http.bodyOf(response);
      const reader = new AnswerReader({
        provider: this.id,
        apiKey: this.apiKey,
        jsonTool: call.jsonTool,
        requestId: response.headers.get('request-id'),
      });
      if (!isStream(response, request.stream)) {
        const events = readMessage(reader, await textOf(bytes));
        complete = true;
        yield* events;
        return;
      }
      // Left open at the end of the answer, so that the connection can serve again.
      for await (const data of readSse(bytes.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>)) {
        const events = reader.read(data);
        complete = reader.complete;
        for (const event of events) yield event;
        if (complete) return;
      }
      reader.assertComplete();
    } catch (error) {
      signal.throwIfAborted();
      throw toUpstreamError(error, { provider: this.id, apiKey: this.apiKey }, bytes !== null);
    } finally {
      signal.removeEventListener('abort', stop);
      if (bytes) this.http.release(bytes, complete);
    }
  }

  /** Waits for calls under way. */
  close(): Promise<void> {
    return this.http.close();
  }

  /** Not by `messages.create`, which refuses long answers that are not streamed and writes warnings to the console. */
  private post({ body, headers }: MessagesCall, requestId: string, signal: AbortSignal): Promise<Response> {
    const options = { body, signal, headers: { 'x-request-id': requestId, ...headers } };
    return this.client.post('/v1/messages', options).asResponse();
  }
}
