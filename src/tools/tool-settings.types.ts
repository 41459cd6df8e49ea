import { type AllowedHosts } from '../platform/net/allowed-hosts';

/** What tools may do in a workspace. */
export interface ToolSettings {
  workspaceId: string;
  /** The only hosts `http_get` and `web_page` ask; null for every public one. */
  allowedHosts: AllowedHosts;
}
