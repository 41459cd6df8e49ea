import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { ReadinessChecks } from '../common/readiness';

/** Ready while the database answers. */
@Injectable()
export class DatabaseHealth {
  constructor(@InjectDataSource() db: DataSource, checks: ReadinessChecks) {
    checks.add('database', async () => {
      await db.query('SELECT 1');
    });
  }
}
