import { Client } from 'pg';
import { type TestDatabase } from './database';
import { until } from './until';

const KEY = 7;
/** Of renewals, which wait behind a run that is at a gate. */
const RENEWAL = '%jsonb_to_recordset($2%) AS live%';

/**
 * Holds up a process between two of its lines: a step whose arguments have `gate-STATUS` in them does not come to that
 * status while the gates are shut.
 */
export class Gates {
  private holder: Client | null = null;

  private constructor(private readonly database: TestDatabase) {}

  static async of(database: TestDatabase): Promise<Gates> {
    await database.query(
      `CREATE FUNCTION gate() RETURNS trigger AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${KEY}); RETURN NEW; END $$ LANGUAGE plpgsql`,
    );
    await database.query(
      `CREATE TRIGGER gate BEFORE UPDATE ON agent_steps FOR EACH ROW
       WHEN (OLD.status <> NEW.status AND strpos(NEW.arguments, 'gate-' || NEW.status) > 0) EXECUTE FUNCTION gate()`,
    );
    return new Gates(database);
  }

  async shut(): Promise<void> {
    this.holder = new Client({ connectionString: this.database.url });
    await this.holder.connect();
    await this.holder.query(`SELECT pg_advisory_lock(${KEY})`);
  }

  async open(): Promise<void> {
    await this.holder?.end();
    this.holder = null;
  }

  /** Resolves when so many stand at a gate, or behind one that does. */
  async reached(count: number): Promise<void> {
    await until(
      () =>
        this.database.query(
          `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query NOT LIKE $1`,
          [RENEWAL],
        ),
      ({ length }) => length === count,
    );
  }
}
