import { startParley, type TestParley } from './parley';
import { type TestUser } from './user';

const ADMIN = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'the admin password' };

/** One process with a tier for each of some limits, as they stand in parley.yaml. */
export class Tiers {
  private constructor(
    readonly parley: TestParley,
    private readonly admin: TestUser,
    private readonly limits: readonly string[],
  ) {}

  static async start(limits: readonly string[], env: Record<string, string>): Promise<Tiers> {
    const tiers = limits.map((one, i) => `  tier${i}: { ${one} }\n`);
    const parley = await startParley({ env: { ...env, ...ADMIN }, yaml: `tiers:\n${tiers.join('')}` });
    const login = { email: ADMIN.ADMIN_EMAIL, password: ADMIN.ADMIN_PASSWORD };
    const { body } = await parley.anonymous().post('/v1/auth/login', login);
    const admin = parley.anonymous().with({ authorization: `Bearer ${body.access_token}` });
    return new Tiers(parley, admin, limits);
  }

  nameOf(limits: string): string {
    const place = this.limits.indexOf(limits);
    if (place === -1) throw new Error(`no tier has the limits ${limits}`);
    return `tier${place}`;
  }

  /** Somebody new, of the tier with these limits. */
  async user(limits: string): Promise<TestUser> {
    const user = await this.parley.user();
    const { status } = await this.admin.patch(`/v1/admin/users/${user.id}`, { tier: this.nameOf(limits) });
    if (status !== 200) throw new Error(`no tier was given: ${status}`);
    return user;
  }
}
