import { Injectable } from '@nestjs/common';
import { workspaceNotFound } from '../platform/common/auth/access.errors';
import { type Principal } from '../platform/common/auth/principal';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { type WorkspaceSettingsDto } from './workspaces.dto';
import { WorkspacesRepository } from './workspaces.repository';
import { type WorkspaceDto } from './workspaces.types';

@Injectable()
export class WorkspacesService {
  constructor(private readonly workspaces: WorkspacesRepository) {}

  async list(principal: Principal, query: PageQuery): Promise<Page<WorkspaceDto>> {
    return toPage(await this.workspaces.list(principal, query), query.limit, (workspace) => workspace);
  }

  create(principal: Principal, name: string): Promise<WorkspaceDto> {
    return this.workspaces.create(principal, name);
  }

  async get(principal: Principal): Promise<WorkspaceDto> {
    return (await this.workspaces.find(principal)) ?? missing();
  }

  async update(principal: Principal, changes: WorkspaceSettingsDto): Promise<WorkspaceDto> {
    return (await this.workspaces.update(principal, changes)) ?? missing();
  }
}

/** Between the guard and the query the caller may have been removed. */
const missing = (): never => {
  throw workspaceNotFound();
};
