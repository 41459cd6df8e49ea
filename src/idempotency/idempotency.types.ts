/** An answer as it was first given. */
export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** What a key stands for: the same key of another principal, or for another route, is another. */
export interface KeyedRequest {
  workspaceId: string;
  /** The API key, or the user. */
  principalId: string;
  /** Method and path. */
  route: string;
  key: string;
  /** SHA-256 of what is asked: query and body. */
  fingerprint: Buffer;
}
