import { PasswordHasher } from './password-hasher';

describe('PasswordHasher', () => {
  const hasher = new PasswordHasher();

  it('hashes with argon2id, 19 MiB, two passes, one lane', async () => {
    expect(await hasher.hash('correct horse')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('matches the same password, however its accents were typed', async () => {
    const stored = await hasher.hash('caf\u00e9-caf\u00e9');
    expect(await hasher.matches(stored, 'cafe\u0301-cafe\u0301')).toBe(true);
    expect(await hasher.matches(stored, 'cafe-cafe')).toBe(false);
  });

  it('matches nothing where there is no account', async () => {
    expect(await hasher.matches(null, 'correct horse')).toBe(false);
  });
});
