import { type Readable } from 'node:stream';
import OpenAI, { APIError } from 'openai';
import {
  type EmbeddingModelRequest,
  type Embeddings,
  type ModelEvent,
  type ModelRequest,
  type ProviderAdapter,
  type ProviderConnection,
} from '../providers.types';
import { type Echo } from './openai-choice';
import { echoFormat, type ChatDialect } from './openai-dialect';
import { readEmbeddings, toEmbeddingsBody } from './openai-embeddings';
import { toUpstreamError } from './openai-errors';
import { toChatBody, type ChatBody } from './openai-request';
import { ChatReader } from './openai-stream';
import { isObject } from './openai-wire';
import { ProviderHttp, type ProviderAnswer, type Refused, signedRequest, type SignedRequest } from './provider-http';
import { isStream, textOf } from './response-body';
import { SseBody } from './sse-body';

/**
 * A provider that speaks OpenAI's Chat Completions and Embeddings, in its dialect.
 * https://platform.openai.com/docs/api-reference/chat, https://platform.openai.com/docs/api-reference/embeddings
 */
export class OpenAiChat implements ProviderAdapter {
  readonly id: string;
  private readonly apiKey: string | null;
  private readonly http = new ProviderHttp(refused);
  private readonly request: Promise<SignedRequest>;
  private embeddings: Promise<SignedRequest> | null = null;
  private readonly client: OpenAI;
  private readonly echo: Echo | null;
  /** Whether the server takes `stream_options`: Mistral's did not. Learnt from its first refusal. */
  private takesStreamOptions = true;

  constructor(
    { id, apiKey, baseUrl }: ProviderConnection,
    private readonly dialect: ChatDialect,
  ) {
    this.id = id;
    this.apiKey = apiKey;
    const format = echoFormat(id, dialect);
    this.echo = format && dialect.reasoningEcho ? { field: dialect.reasoningEcho, format } : null;
    // Everything the SDK would otherwise take from the environment is set.
    this.client = new OpenAI({
      apiKey: apiKey ?? 'none',
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      baseURL: baseUrl,
      logLevel: 'off',
      maxRetries: 0,
      defaultHeaders: { ...dialect.headers, ...(apiKey === null && { authorization: null }) },
    });
    this.request = this.build('POST', '/chat/completions');
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    const body = toChatBody(request, this.dialect, this.id);
    let bytes: Readable | null = null;
    let complete = false;
    try {
      signal.throwIfAborted();
      const answer = await this.send(body, request, signal);
      bytes = answer.body;
      const reader = new ChatReader(this.id, this.echo, answer.header('x-request-id'), this.apiKey);
      if (!isStream(answer, request.stream)) {
        const events = reader.readWhole(await textOf(bytes));
        complete = true;
        yield* events;
        return;
      }
      let done = false;
      // Left open at [DONE], so that the connection can serve again.
      reading: for await (const waiting of new SseBody(bytes)) {
        for (const data of waiting) {
          done = data === '[DONE]';
          if (done) break reading;
          for (const event of reader.read(data)) yield event;
        }
      }
      const last = reader.end(done);
      complete = true;
      yield* last;
    } catch (error) {
      signal.throwIfAborted();
      throw toUpstreamError(error, { provider: this.id, apiKey: this.apiKey }, bytes?.readableDidRead ?? false);
    } finally {
      if (bytes) this.http.release(bytes, complete);
    }
  }

  async embed(request: EmbeddingModelRequest, signal: AbortSignal): Promise<Embeddings> {
    const body = JSON.stringify(toEmbeddingsBody(request, this.dialect));
    let bytes: Readable | null = null;
    let complete = false;
    try {
      signal.throwIfAborted();
      this.embeddings ??= this.build('POST', '/embeddings');
      const headers = { 'x-request-id': request.requestId };
      const answer = await this.http.send(await this.embeddings, headers, body, signal, request.onSent);
      bytes = answer.body;
      const text = await textOf(bytes);
      complete = true;
      return readEmbeddings(text, request.inputs.length, { provider: this.id, apiKey: this.apiKey });
    } catch (error) {
      signal.throwIfAborted();
      throw toUpstreamError(error, { provider: this.id, apiKey: this.apiKey }, bytes?.readableDidRead ?? false);
    } finally {
      if (bytes) this.http.release(bytes, complete);
    }
  }

  /** Throws UpstreamErrors. */
  protected async listModels(signal: AbortSignal): Promise<string[]> {
    try {
      const { body } = await this.http.send(await this.build('GET', '/models'), {}, null, signal);
      const list: unknown = JSON.parse(await textOf(body));
      const models = isObject(list) && Array.isArray(list['data']) ? (list['data'] as unknown[]) : [];
      return models.flatMap((model) => (isObject(model) && typeof model['id'] === 'string' ? [model['id']] : []));
    } catch (error) {
      throw toUpstreamError(error, { provider: this.id, apiKey: this.apiKey }, false);
    }
  }

  /** Waits for calls under way. */
  close(): Promise<void> {
    return this.http.close();
  }

  private async send(body: ChatBody, request: ModelRequest, signal: AbortSignal): Promise<ProviderAnswer> {
    if (!this.takesStreamOptions) delete body['stream_options'];
    try {
      return await this.post(body, request, signal);
    } catch (error) {
      if (!refusesStreamOptions(error, body)) throw error;
      delete body['stream_options'];
      const answer = await this.post(body, request, signal);
      this.takesStreamOptions = false;
      return answer;
    }
  }

  private async post(
    body: ChatBody,
    { requestId, onSent }: ModelRequest,
    signal: AbortSignal,
  ): Promise<ProviderAnswer> {
    return this.http.send(await this.request, { 'x-request-id': requestId }, JSON.stringify(body), signal, onSent);
  }

  private async build(method: SignedRequest['method'], path: string): Promise<SignedRequest> {
    const body = method === 'POST' ? {} : undefined;
    return signedRequest(
      method,
      await this.client.buildRequest({ method: method === 'POST' ? 'post' : 'get', path, body }),
    );
  }
}

/** Many servers tell their error at the top of the body instead of under `error`. */
const refused: Refused = (status, body, text, headers) =>
  APIError.generate(status, body && isObject(body) && body['error'] == null ? { error: body } : body, text, headers);

/** Only of our own wish for usage: a caller's bad option must not cost the usage of the calls after it. */
const refusesStreamOptions = (error: unknown, { stream_options: sent }: ChatBody): boolean =>
  error instanceof APIError &&
  (error.status === 400 || error.status === 422) &&
  isObject(sent) &&
  Object.keys(sent).length === 1 &&
  JSON.stringify(error.error ?? error.message).includes('stream_options');
