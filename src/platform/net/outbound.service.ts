import { lookup } from 'node:dns';
import { type BlockList, isIP, type LookupFunction } from 'node:net';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, buildConnector, request } from 'undici';
import { Config } from '../config/config.service';
import { familyOf, networksOf } from '../config/networks';
import { isPublicAddress } from './networks';

const CONNECT_MS = 5_000;
const ANSWER_MS = 10_000;

/** An address that users may not have us speak to. */
export class ForbiddenAddress extends Error {
  override name = 'ForbiddenAddress';
}

/**
 * Requests to addresses that users name. Every connection is made to an address that was checked, and checked is the
 * address itself, not its spelling: names are resolved once, and all they resolve to must be public or in
 * `outbound.allowed_networks`. Redirects are not followed.
 */
@Injectable()
export class OutboundService implements OnApplicationShutdown {
  private readonly allowed: BlockList;
  private readonly agent: Agent;

  constructor({ yaml }: Config) {
    this.allowed = networksOf(yaml.outbound.allowed_networks);
    const connect = buildConnector({ timeout: CONNECT_MS, lookup: this.lookup });
    this.agent = new Agent({
      bodyTimeout: ANSWER_MS,
      headersTimeout: ANSWER_MS,
      connect: (options, done) => {
        // A literal address is never looked up. URLs have it without brackets and in its usual spelling by now.
        const host = options.hostname.replace(/^\[|\]$/g, '');
        if (isIP(host) && !this.mayBeAsked(host)) return done(forbidden(host), null);
        connect(options, done);
      },
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  /**
   * Resolves with the status of the answer, whose body is not read. All of it takes ten seconds at most. Throws
   * ForbiddenAddress, and what the network throws.
   */
  async post(url: string, headers: Record<string, string>, body: string): Promise<number> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await request(url, { method: 'POST', headers, body, dispatcher: this.agent, signal });
    answer.body.on('error', () => undefined).destroy();
    return answer.statusCode;
  }

  private mayBeAsked(address: string): boolean {
    return isPublicAddress(address) || this.allowed.check(address, familyOf(address));
  }

  private readonly lookup: LookupFunction = (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return done(error, []);
      const refused = found.find(({ address }) => !this.mayBeAsked(address));
      if (refused) return done(forbidden(refused.address), []);
      if (options.all) return done(null, found);
      const [first] = found;
      done(null, first?.address ?? '', first?.family);
    });
  };
}

const forbidden = (address: string) => new ForbiddenAddress(`${address} is not an address users may have us speak to`);
