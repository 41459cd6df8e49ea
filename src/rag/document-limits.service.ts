import { Injectable } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { Config } from '../platform/config/config.service';
import { RateLimitsService } from '../usage/rate-limits.service';

/** How large a document may be, and how many there may be. */
@Injectable()
export class DocumentLimitsService {
  private readonly cap: number;

  constructor(
    { yaml }: Config,
    private readonly tiers: RateLimitsService,
  ) {
    this.cap = yaml.documents.max_upload;
  }

  /** Of one file: what the caller's tier says, up to what the installation takes. */
  maxBytes(user: Principal): number {
    return Math.min(this.tiers.tierOf(user)?.maxUpload ?? Infinity, this.cap);
  }

  /** In the workspace; null is not limited. */
  maxDocuments(user: Principal): number | null {
    return this.tiers.tierOf(user)?.maxDocuments ?? null;
  }
}
