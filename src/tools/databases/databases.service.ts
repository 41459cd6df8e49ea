import { Injectable } from '@nestjs/common';
import { type Principal } from '../../platform/common/auth/principal';
import { validationFailed } from '../../platform/common/errors/validation';
import { type Page, type PageQuery, toPage } from '../../platform/common/http/pagination';
import { DatabaseTools } from './database-tools';
import { parseDatabaseUrl } from './database-url';
import { type DatabaseDto, type NewDatabaseDto } from './databases.dto';
import { databaseNameTaken, databaseNotFound } from './databases.errors';
import { DatabasesRepository } from './databases.repository';

const EXPECTED = 'url must be postgres://user:password@host:port/database, with no parameter but sslmode';

/** Databases that models of a workspace may read with `sql_query`. */
@Injectable()
export class DatabasesService {
  constructor(
    private readonly repository: DatabasesRepository,
    private readonly source: DatabaseTools,
  ) {}

  /** Throws `validation_failed`, `database_name_taken`, `too_many_tools`, `encryption_key_missing`. */
  async create(principal: Principal, body: NewDatabaseDto): Promise<DatabaseDto> {
    const address = parseDatabaseUrl(body.url);
    if (!address) throw validationFailed([{ field: 'url', message: EXPECTED }]);
    const made = await this.repository.create(principal, { ...body, host: `${address.host}:${address.port}` });
    if (!made) throw databaseNameTaken(body.name);
    this.source.forget(principal.workspaceId);
    return made;
  }

  async list(principal: Principal, query: PageQuery): Promise<Page<DatabaseDto>> {
    return toPage(await this.repository.list(principal, query), query.limit, (row) => row);
  }

  async delete(principal: Principal, id: string): Promise<void> {
    const deleted = await this.repository.delete(principal, id);
    if (!deleted) throw databaseNotFound();
    this.source.forget(principal.workspaceId);
  }
}
