import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DomainError } from '../platform/common/errors/domain.error';
import { Config } from '../platform/config/config.service';
import { Catalogue, type ModelInfo, splitModel, unpricedModel } from './catalogue';
import { ModelDiscovery } from './discovery';
import { type PicoUsd } from '../platform/common/money';
import { costOf } from './pricing';
import { PROVIDERS } from './providers.registry';
import { type ProviderAdapter, type TokenUsage } from './providers.types';

/** One model at one provider, ready to be called. */
export interface Target {
  adapter: ProviderAdapter;
  /** The provider's own name of the model. */
  model: string;
  /** Null when the catalogue doesn't know the model: nothing is checked, and its cost is unknown. */
  info: ModelInfo | null;
}

/** Null when the model's price is not known. */
export const priceOf = ({ info }: Target, usage: TokenUsage): PicoUsd | null =>
  info?.price ? costOf(info.price, usage) : null;

export type { ModelInfo } from './catalogue';

/** Which providers are configured, which models they have, and what a model's name means. */
@Injectable()
export class ProvidersService implements OnModuleInit, OnApplicationShutdown {
  private readonly adapters = new Map<string, ProviderAdapter>();
  private readonly catalogue: Catalogue;
  private readonly discovery = new ModelDiscovery();

  constructor(private readonly config: Config) {
    this.catalogue = new Catalogue(config.yaml.models);
    for (const adapter of PROVIDERS.flatMap((kind) => kind.create(config))) {
      if (this.adapters.has(adapter.id)) throw new Error(`two providers are named ${adapter.id}`);
      this.adapters.set(adapter.id, adapter);
    }
  }

  /** So that bare names of models only a server knows work from the first request on. The start does not wait for it. */
  onModuleInit(): void {
    for (const adapter of this.adapters.values()) void this.discovery.list(adapter);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.adapters.values()].map((adapter) => adapter.close()));
  }

  configured(): string[] {
    return [...this.adapters.keys()];
  }

  /** Providers that could be had, and the variable that switches each on. */
  unconfigured(): { id: string; variable: string }[] {
    return PROVIDERS.flatMap(({ id, variable }) => (variable && !this.adapters.has(id) ? [{ id, variable }] : []));
  }

  /** Those known by name: the catalogue's, and what servers say they have. */
  async models(): Promise<ModelInfo[]> {
    const lists = [...this.adapters.values()].map(async (adapter) => {
      const listed = this.catalogue.list(adapter.id);
      const told = await this.discovery.list(adapter);
      const more = told.filter((name) => !listed.some((info) => info.name === name));
      return [...listed, ...more.map((name) => unpricedModel(adapter.id, name))];
    });
    return (await Promise.all(lists)).flat();
  }

  /** A model by `provider/name` or an unambiguous bare name; null when it isn't in the catalogue of a configured provider. */
  findModel(model: string): ModelInfo | null {
    const { owner, name } = splitModel(model);
    if (owner !== null && this.adapters.has(owner)) return this.known(owner, name);
    const found = this.findBare(model);
    return found.length === 1 ? (found[0] ?? null) : null;
  }

  /** What to call for `model`, or for the default model when none was named. Throws `model_not_found`, saying what to do. */
  resolve(model: string = this.config.env.DEFAULT_MODEL): Target {
    const { owner, name } = splitModel(model);
    const named = owner === null ? undefined : this.adapters.get(owner);
    if (named && name) {
      const info = this.catalogue.find(named.id, name);
      // The demo models are all there are; other providers may have models the catalogue doesn't know.
      if (!info && named.id === 'demo') throw modelNotFound(`There is no model '${model}'.`);
      return { adapter: named, model: name, info };
    }
    const missing = this.unconfigured().find(({ id }) => id === owner);
    if (missing) {
      throw modelNotFound(`The provider of '${model}' is not configured: set ${missing.variable} and start again.`);
    }
    const found = this.findBare(model);
    const [info] = found;
    const adapter = info && this.adapters.get(info.provider);
    if (found.length > 1) {
      throw modelNotFound(`'${model}' is ambiguous: say one of ${found.map(({ id }) => id).join(', ')}.`);
    }
    if (!info || !adapter) {
      throw modelNotFound(
        `There is no model '${model}'. Models are named 'provider/model'; GET /v1/models lists them.`,
      );
    }
    return { adapter, model: info.name, info };
  }

  private findBare(model: string): ModelInfo[] {
    return this.configured().flatMap((id) => this.known(id, model) ?? []);
  }

  private known(provider: string, name: string): ModelInfo | null {
    const info = this.catalogue.find(provider, name);
    return info ?? (this.discovery.has(provider, name) ? unpricedModel(provider, name) : null);
  }
}

const modelNotFound = (message: string) => new DomainError('invalid', 'model_not_found', message, { param: 'model' });
