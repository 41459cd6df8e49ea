import { Injectable } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { type AllowedHosts, toAllowedHost } from '../platform/net/allowed-hosts';
import { Invalidations } from '../platform/database/invalidations';
import { LookupCache } from '../platform/database/lookup-cache';
import { type ToolSettingsDto } from './tool-settings.dto';
import { TOOL_SETTINGS_CHANGED, ToolSettingsRepository } from './tool-settings.repository';
import { type ToolSettings } from './tool-settings.types';

const REMEMBERED = { max: 10_000, ttlMs: 60_000 };

/** What tools may do in a workspace: remembered for a minute, forgotten at once when it changes. */
@Injectable()
export class ToolSettingsService {
  private readonly cache: LookupCache<ToolSettings>;

  constructor(
    private readonly repository: ToolSettingsRepository,
    invalidations: Invalidations,
  ) {
    this.cache = new LookupCache({
      ...REMEMBERED,
      load: (workspaceId) => repository.find(workspaceId),
      ownerOf: ({ workspaceId }) => workspaceId,
      trusted: () => invalidations.connected,
    });
    invalidations.on(TOOL_SETTINGS_CHANGED, (workspaceId) => this.cache.forget(workspaceId));
  }

  async get({ workspaceId }: Principal): Promise<ToolSettingsDto> {
    const { allowedHosts } = await this.repository.find(workspaceId);
    return { allowed_hosts: allowedHosts && [...allowedHosts] };
  }

  /** Throws `validation_failed` for what is no host. */
  async put(user: Principal, { allowed_hosts: given }: ToolSettingsDto): Promise<ToolSettingsDto> {
    await this.repository.put(user, given && hostsOf(given));
    this.cache.forget(user.workspaceId); // before it is answered
    return this.get(user);
  }

  /** The only hosts that addresses of users may name; null for every public one. */
  async allowedHosts(workspaceId: string): Promise<AllowedHosts> {
    return (await this.cache.get(workspaceId))?.allowedHosts ?? null;
  }
}

function hostsOf(given: readonly string[]): string[] {
  const hosts = given.map((text) => toAllowedHost(text));
  const bad = given.flatMap((text, i) => (hosts[i] === null ? [{ text, field: `allowed_hosts[${i}]` }] : []));
  if (bad.length > 0) {
    throw validationFailed(
      bad.map(({ field }) => ({
        field,
        message: `${field} must be a host such as example.com or *.example.com, without protocol, port and path`,
      })),
    );
  }
  return [...new Set(hosts.filter((host) => host !== null))];
}
