import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type AccessRules } from '../platform/common/auth/access-rules';
import { DomainError } from '../platform/common/errors/domain.error';
import { Config } from '../platform/config/config.service';
import { ConfigError } from '../platform/config/env';
import { MemoryMarks } from '../platform/store/memory-marks';
import { Marks } from '../platform/store/store.types';
import { Catalogue, type ModelInfo, splitModel, unpricedModel } from './catalogue';
import { ModelDiscovery } from './discovery';
import { type Plan, type Target, withoutRepeats } from './plan';
import { Provider } from './provider';
import { modelNotAllowed } from './providers.errors';
import { PROVIDERS } from './providers.registry';
import { RecentTimes } from './recent-times';
import { Route } from './routes';
import { TargetHealth } from './target-health';

export type { ModelInfo } from './catalogue';
export { mostPriceOf, priceOf, type Plan, type Target } from './plan';
export { type ProviderKey } from './provider';

/** What a caller names: a model or a route, and what to do when it fails. */
export interface Wanted {
  /** Absent for the default, unless there is a race. */
  model?: string | undefined;
  fallbacks?: readonly string[] | undefined;
  race?: readonly string[] | undefined;
}

/** Which providers are configured, which models they have, what a model's name means, and how well each target does. */
@Injectable()
export class ProvidersService implements OnModuleInit, OnApplicationShutdown {
  readonly health: TargetHealth;
  readonly times = new RecentTimes();
  private readonly providers = new Map<string, Provider>();
  private readonly routes = new Map<string, Route>();
  private readonly catalogue: Catalogue;
  private readonly discovery = new ModelDiscovery();

  constructor(
    private readonly config: Config,
    marks: Marks,
  ) {
    this.catalogue = new Catalogue(config.yaml.models);
    this.health = new TargetHealth(config.yaml.breaker, marks);
    this.configure(marks);
  }

  /** Before anything is started. Throws ConfigError for routes, keys and a default model that name what isn't there. */
  static check(config: Config): void {
    new ProvidersService(config, new MemoryMarks());
  }

  /** So that bare names of models only a server knows work from the first request on. The start does not wait for it. */
  onModuleInit(): void {
    for (const { adapter } of this.providers.values()) void this.discovery.list(adapter);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.providers.values()].map((provider) => provider.close()));
  }

  configured(): string[] {
    return [...this.providers.keys()];
  }

  /** Providers that could be had, and the variable that switches each on. */
  unconfigured(): { id: string; variable: string }[] {
    return PROVIDERS.flatMap(({ id, variable }) => (variable && !this.providers.has(id) ? [{ id, variable }] : []));
  }

  /** Keys in all, and those that rest, of one provider; null when it is not configured. */
  keys(provider: string): { total: number; resting: number } | null {
    return this.providers.get(provider)?.state ?? null;
  }

  /** The targets of all routes, each once. */
  routed(): Target[] {
    return withoutRepeats([...this.routes.values()].map(({ all }) => all)).flat();
  }

  /** Those known by name that the caller may use: routes, the catalogue's, and what servers say they have. */
  async models(rules: AccessRules): Promise<ModelInfo[]> {
    const lists = [...this.providers.values()].map(async ({ id, adapter }) => {
      const listed = this.catalogue.list(id);
      const told = await this.discovery.list(adapter);
      const more = told.filter((name) => !listed.some((info) => info.name === name));
      return [...listed, ...more.map((name) => unpricedModel(id, name))];
    });
    const models = (await Promise.all(lists)).flat().filter(({ id }) => rules.allowsModel(id));
    const routes = [...this.routes.values()].filter((route) => route.isOpenTo(rules));
    return [...routes.map(routeInfo), ...models];
  }

  /** A route, or a model by `provider/name` or an unambiguous bare name; null when it isn't in the catalogue of a configured provider, or the caller may not use it. */
  findModel(rules: AccessRules, model: string): ModelInfo | null {
    const route = this.routes.get(model);
    if (route) return route.isOpenTo(rules) ? routeInfo(route) : null;
    const info = this.find(model);
    return info && rules.allowsModel(info.id) ? info : null;
  }

  private find(model: string): ModelInfo | null {
    const { owner, name } = splitModel(model);
    if (owner !== null && this.providers.has(owner)) return this.known(owner, name);
    const found = this.findBare(model);
    return found.length === 1 ? (found[0] ?? null) : null;
  }

  /**
   * Whom to ask. Throws `model_not_found`, saying what to do, and `model_not_allowed` for a model named that the caller may
   * not use; of a route such targets are only left out.
   */
  resolve(rules: AccessRules, model?: string, { fallbacks = [], race = [] }: Omit<Wanted, 'model'> = {}): Plan {
    const first = race.length > 0 ? this.race(rules, model, race) : this.plan(rules, model);
    const more = fallbacks.map((name, i) => this.plan(rules, name, `fallbacks[${i}]`));
    return {
      ...first,
      steps: withoutRepeats([...first.steps, ...more.flatMap(({ steps }) => steps)]),
      overflow: withoutRepeats(
        [...first.overflow, ...more.flatMap(({ overflow }) => overflow)].map((one) => [one]),
      ).flat(),
    };
  }

  private race(rules: AccessRules, model: string | undefined, others: readonly string[]): Plan {
    const named = model === undefined ? [] : [this.plan(rules, model)];
    const plans = [...named, ...others.map((name, i) => this.plan(rules, name, `race[${i}]`))];
    return {
      steps: [plans.flatMap(({ steps }) => steps.flat())],
      overflow: plans.flatMap(({ overflow }) => overflow),
      pastFilter: plans.every(({ pastFilter }) => pastFilter),
    };
  }

  /** @param param the field of the request that names it */
  private plan(rules: AccessRules, model: string = this.config.env.DEFAULT_MODEL, param = 'model'): Plan {
    const plan = this.routes.get(model)?.plan(this.times, rules);
    if (plan && plan.steps.length > 0) return plan;
    if (plan) throw modelNotAllowed(model, param);
    const target = this.target(model, param);
    if (!rules.allowsModel(target.id)) throw modelNotAllowed(model, param);
    return { steps: [[target]], overflow: [], pastFilter: false };
  }

  private target(model: string, param = 'model'): Target {
    const modelNotFound = (message: string) => new DomainError('invalid', 'model_not_found', message, { param });
    const { owner, name } = splitModel(model);
    const named = owner === null ? undefined : this.providers.get(owner);
    if (named && name) {
      const info = this.catalogue.find(named.id, name);
      // The models of Parley itself are all there are; other providers may have models the catalogue doesn't know.
      if (!info && (named.id === 'demo' || named.id === 'local')) throw modelNotFound(`There is no model '${model}'.`);
      return { id: model, provider: named, model: name, info, timeoutMs: null };
    }
    const missing = this.unconfigured().find(({ id }) => id === owner);
    if (missing) {
      throw modelNotFound(`The provider of '${model}' is not configured: set ${missing.variable} and start again.`);
    }
    const found = this.findBare(model);
    const [info] = found;
    const provider = info && this.providers.get(info.provider);
    if (found.length > 1) {
      throw modelNotFound(`'${model}' is ambiguous: say one of ${found.map(({ id }) => id).join(', ')}.`);
    }
    if (!info || !provider) {
      throw modelNotFound(
        `There is no model '${model}', nor a route. Models are named 'provider/model'; GET /v1/models lists them.`,
      );
    }
    return { id: info.id, provider, model: info.name, info, timeoutMs: null };
  }

  private findBare(model: string): ModelInfo[] {
    return this.configured().flatMap((id) => this.known(id, model) ?? []);
  }

  private known(provider: string, name: string): ModelInfo | null {
    const info = this.catalogue.find(provider, name);
    return info ?? (this.discovery.has(provider, name) ? unpricedModel(provider, name) : null);
  }

  private configure(marks: Marks): void {
    const { keys, routes } = this.config.yaml;
    const { DEFAULT_MODEL } = this.config.env;
    for (const kind of PROVIDERS) {
      for (const connection of kind.connections(this.config)) {
        const { id } = connection;
        const Adapter = kind.adapter();
        if (this.providers.has(id)) throw new Error(`two providers are named ${id}`);
        const accounts = [...new Set(keys[id] ?? [connection.apiKey])].map((apiKey) => ({
          apiKey,
          adapter: new Adapter({ ...connection, apiKey }),
        }));
        this.providers.set(id, new Provider(id, accounts, marks));
      }
    }
    for (const id of Object.keys(keys)) {
      if (!this.providers.has(id)) throw this.config.mistake(['keys', id], 'there is no provider of this name');
    }
    for (const [name, settings] of Object.entries(routes)) {
      const find = (model: string, where: PropertyKey[]) => {
        try {
          return this.target(model);
        } catch (error) {
          throw this.config.mistake(['routes', name, ...where], (error as Error).message);
        }
      };
      this.routes.set(name, new Route(name, settings, find));
    }
    const grounded = this.config.yaml.rag.model;
    if (grounded?.includes('/')) {
      try {
        this.target(grounded);
      } catch (error) {
        throw this.config.mistake(['rag', 'model'], (error as Error).message);
      }
    }
    // Bare names may be known to servers only, and demo models may be switched off.
    if (!DEFAULT_MODEL.includes('/') || DEFAULT_MODEL.startsWith('demo/')) return;
    try {
      this.target(DEFAULT_MODEL);
    } catch (error) {
      throw new ConfigError(`DEFAULT_MODEL: ${(error as Error).message}`);
    }
  }
}

/** A route has no window or price of its own: they are those of whoever answers. */
const routeInfo = ({ name }: Route): ModelInfo => ({ ...unpricedModel('parley', name), id: name });
