import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What the request of a key has begun that outlives its process: a run. */
export class WhatKeysBegan1765600000102 implements MigrationInterface {
  name = 'WhatKeysBegan1765600000102';

  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE idempotency_keys ADD COLUMN began uuid');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE idempotency_keys DROP COLUMN began');
  }
}
