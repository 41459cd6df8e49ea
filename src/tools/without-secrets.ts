const SHORTEST_SECRET = 6;

/**
 * What a server said without what it was entrusted with, which some repeat when they refuse it: the values themselves, and
 * their parts, such as the token of `Bearer …`.
 */
export const withoutSecrets = (text: string, secrets: readonly string[]): string =>
  secrets
    .flatMap((secret) => [secret, ...secret.split(/[\s,;=]+/)])
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .reduce((told, secret) => told.replaceAll(secret, '[secret]'), text);
