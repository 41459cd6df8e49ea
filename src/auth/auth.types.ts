/** What an access token says, beside `jti`, `iat`, `exp` and `iss`. */
export interface AccessClaims {
  /** The user. */
  sub: string;
  /** The session it was issued in. */
  sid: string;
  /** The user's token version when it was issued. */
  ver: number;
}

/** A user as far as a login needs them. */
export interface Person {
  id: string;
  email: string;
  passwordHash: string;
  tokenVersion: number;
  isAdmin: boolean;
  suspended: boolean;
}

/** A session right after a refresh token of it was issued. */
export interface Session {
  id: string;
  userId: string;
  tokenVersion: number;
}
