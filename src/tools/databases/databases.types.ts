/** A database a workspace registered. Its address is a secret. */
export interface RegisteredDatabase {
  id: string;
  name: string;
  /** `host:port`, which is no secret. */
  host: string;
  schemas: string[];
  max_rows: number;
  statement_timeout_ms: number;
  created_at: Date;
}

export interface NewDatabase extends Omit<RegisteredDatabase, 'id' | 'created_at'> {
  url: string;
}

/** Where a database is, and as whom it is entered. */
export interface DatabaseAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** `require`: encrypted, whoever it is; `verify-full`: encrypted, and its certificate is for this host. */
  sslmode: SslMode;
}

export const SSL_MODES = ['disable', 'require', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];
