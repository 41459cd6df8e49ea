import { type BlockList } from 'node:net';
import { familyOf, networksOf } from '../../config/networks';
import { matchesGlob } from './glob';

/** What a member or an API key is held to beside role and scopes, as it is stored and shown. Null restricts nothing. */
export interface Restrictions {
  /** Globs of `provider/model` ids and names of routes. */
  allowed_models: string[] | null;
  max_tokens_per_request: number | null;
  /** Addresses and networks (CIDR, RFC 4632), IPv4 and IPv6. */
  allowed_ips: string[] | null;
}

/** Their names, for whoever goes through all of them. */
export const RESTRICTIONS = [
  'allowed_models',
  'max_tokens_per_request',
  'allowed_ips',
] as const satisfies readonly (keyof Restrictions)[];

/** Restrictions of several sources together: each of them applies, so that the narrower wins. */
export class AccessRules {
  static readonly NONE = new AccessRules([]);

  /** The most a model may be asked to write for one request; null when nobody says. */
  readonly maxTokens: number | null;
  private readonly models: readonly (readonly string[])[];
  private readonly networks: readonly BlockList[];

  constructor(sources: readonly Restrictions[]) {
    const caps = sources.map((source) => source.max_tokens_per_request).filter((cap) => cap !== null);
    this.maxTokens = caps.length > 0 ? Math.min(...caps) : null;
    this.models = sources.map((source) => source.allowed_models).filter((list) => list !== null);
    this.networks = sources
      .map((source) => source.allowed_ips)
      .filter((list) => list !== null)
      .map(networksOf);
  }

  /** @param id `provider/model`, or the name of a route */
  allowsModel(id: string): boolean {
    return this.models.every((globs) => globs.some((glob) => matchesGlob(glob, id)));
  }

  /** @param ip null when it isn't known, which no list of addresses allows */
  allowsIp(ip: string | null): boolean {
    return this.networks.every((list) => ip !== null && list.check(ip, familyOf(ip)));
  }
}
