import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { type IncomingHttpHeaders } from 'node:http';
import { type BlockList, isIP, type LookupFunction } from 'node:net';
import { type Readable } from 'node:stream';
import { type OnApplicationShutdown } from '@nestjs/common';
import { Agent, buildConnector, fetch as undiciFetch, request, type RequestInit as UndiciInit } from 'undici';
import { type Config } from '../config/config.service';
import { familyOf, networksOf } from '../config/networks';
import { type AllowedHosts, isAllowedHost } from './allowed-hosts';
import { isPublicAddress } from './networks';

const CONNECT_MS = 5_000;
const ANSWER_MS = 10_000;
const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Those that change nothing (RFC 9110, 9.2.1). */
const REDIRECTED_METHODS: readonly string[] = ['GET', 'HEAD'];
/** What tells another server nothing it was not meant to know. */
const HARMLESS = ['accept', 'accept-encoding', 'accept-language', 'user-agent'];

/** An address that users may not have us speak to. */
export class ForbiddenAddress extends Error {
  override name = 'ForbiddenAddress';
}

/** An address that nobody is asked at: another protocol or host, credentials in it, or too many redirects on the way. */
export class ForbiddenUrl extends Error {
  override name = 'ForbiddenUrl';
}

export type OutboundMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a server is asked. */
export interface OutboundRequest {
  method: OutboundMethod;
  url: string;
  headers: Record<string, string>;
  body?: string;
  /** How long it may be silent, ten seconds unless told. */
  timeoutMs?: number;
}

/** What a server answered. The body is as it was sent: it may be encoded, and is to be read or destroyed. */
export interface OutboundAnswer {
  /** Where it came from in the end. */
  url: string;
  status: number;
  headers: IncomingHttpHeaders;
  body: Readable;
}

/**
 * Requests to addresses that users name. Every connection is made to an address that was checked, and checked is the
 * address itself, not its spelling: names are resolved once, and all they resolve to must be public or in
 * `outbound.allowed_networks`.
 */
export class OutboundService implements OnApplicationShutdown {
  private readonly allowed: BlockList;
  private readonly agent: Agent;
  /** Of answers that may stay open for as long as somebody reads them. */
  private readonly streams: Agent;

  /** @param resolve finds the addresses of a name: the system does, unless told otherwise */
  constructor(
    { yaml }: Config,
    private readonly resolve: typeof systemLookup = systemLookup,
  ) {
    this.allowed = networksOf(yaml.outbound.allowed_networks);
    const open = buildConnector({ timeout: CONNECT_MS, lookup: this.lookup });
    const connect: typeof open = (options, done) => {
      // A literal address is never looked up. URLs have it without brackets and in its usual spelling by now.
      const host = options.hostname.replace(/^\[|\]$/g, '');
      if (isIP(host) && !this.mayBeAsked(host)) return done(forbidden(host), null);
      open(options, done);
    };
    this.agent = new Agent({ bodyTimeout: ANSWER_MS, headersTimeout: ANSWER_MS, connect });
    this.streams = new Agent({ bodyTimeout: 0, headersTimeout: 0, connect });
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.agent.destroy(), this.streams.destroy()]);
  }

  /**
   * Resolves with the status of the answer, whose body is not read; redirects are not followed. All of it takes ten seconds
   * at most. Throws ForbiddenAddress, and what the network throws.
   */
  async post(url: string, headers: Record<string, string>, body: string): Promise<number> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await request(url, { method: 'POST', headers, body, dispatcher: this.agent, signal });
    answer.body.on('error', () => undefined).destroy();
    return answer.statusCode;
  }

  /**
   * Follows at most five redirects; each is checked like the first address. Throws ForbiddenUrl, ForbiddenAddress, and
   * what the network throws.
   * @param hosts the only ones that are asked, where it is not null
   */
  get(
    url: string,
    headers: Record<string, string>,
    signal: AbortSignal,
    hosts: AllowedHosts = null,
  ): Promise<OutboundAnswer> {
    return this.request({ method: 'GET', url, headers }, signal, hosts);
  }

  /**
   * The same for any method. Only GET and HEAD are asked again where they are redirected; what leaves for another origin
   * has none of the headers that could be secrets.
   */
  async request(
    { method, url, headers, body, timeoutMs = ANSWER_MS }: OutboundRequest,
    signal: AbortSignal,
    hosts: AllowedHosts = null,
  ): Promise<OutboundAnswer> {
    const first = checked(url, hosts);
    const timeouts = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
    for (let target = first, hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const sent = target.origin === first.origin ? headers : harmless(headers);
      const options = { method, headers: sent, body: body ?? null, dispatcher: this.agent, signal, ...timeouts };
      const answer = await request(target, options);
      answer.body.on('error', () => undefined); // whoever reads hears of it; destroying it unread is one, too
      const { location } = answer.headers;
      const redirected = REDIRECTS.includes(answer.statusCode) && typeof location === 'string';
      if (!redirected || !REDIRECTED_METHODS.includes(method)) {
        return { url: target.href, status: answer.statusCode, headers: answer.headers, body: answer.body };
      }
      answer.body.destroy();
      target = checked(location, hosts, target);
    }
    throw new ForbiddenUrl(`It redirects more than ${MOST_REDIRECTS} times.`);
  }

  /**
   * As the standard's `fetch`, for answers that stream: nothing but `signal` ends one. Redirects are not followed. Throws a
   * TypeError whose `cause` is ForbiddenAddress or what the network throws.
   * @see https://fetch.spec.whatwg.org
   */
  async fetch(url: string | URL, { method, headers, body, signal }: RequestInit): Promise<Response> {
    const init = { method, headers, body, signal, redirect: 'manual', dispatcher: this.streams };
    return undiciFetch(url, init as UndiciInit);
  }

  /** An address of a host that users name, for what is no HTTP. Throws ForbiddenAddress, and what looking it up throws. */
  async addressOf(host: string): Promise<string> {
    if (isIP(host)) {
      if (!this.mayBeAsked(host)) throw forbidden(host);
      return host;
    }
    const found = await new Promise<LookupAddress[]>((done, fail) => {
      this.resolve(host, { all: true }, (error, addresses) => (error ? fail(error) : done(addresses)));
    });
    const refused = found.find(({ address }) => !this.mayBeAsked(address));
    if (refused) throw forbidden(refused.address);
    return found[0]?.address ?? host;
  }

  private mayBeAsked(address: string): boolean {
    return isPublicAddress(address) || this.allowed.check(address, familyOf(address));
  }

  private readonly lookup: LookupFunction = (hostname, options, done) => {
    this.resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return done(error, []);
      const refused = found.find(({ address }) => !this.mayBeAsked(address));
      if (refused) return done(forbidden(refused.address), []);
      if (options.all) return done(null, found);
      const [first] = found;
      done(null, first?.address ?? '', first?.family);
    });
  };
}

function checked(url: string, hosts: AllowedHosts, base?: URL): URL {
  if (!URL.canParse(url, base?.href)) throw new ForbiddenUrl('It is not an address.');
  const parsed = new URL(url, base);
  if (!['http:', 'https:'].includes(parsed.protocol)) throw new ForbiddenUrl('Only http:// and https:// are asked.');
  if (parsed.username || parsed.password) throw new ForbiddenUrl('There are credentials in the address.');
  if (!isAllowedHost(parsed.hostname, hosts)) {
    throw new ForbiddenUrl(`The host ${parsed.hostname} is not among those this workspace allows.`);
  }
  parsed.hash = '';
  return parsed;
}

const harmless = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.includes(name.toLowerCase())));

const forbidden = (address: string) => new ForbiddenAddress(`${address} is not an address users may have us speak to`);
