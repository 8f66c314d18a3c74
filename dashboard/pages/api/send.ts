import type { GatewayAnswer } from "../../../runtime/control/routes/request.ts";
import { post } from "../../api.ts";

export interface GatewayRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Through the control API: the page's policy lets it speak to its own origin only. */
export function send(request: GatewayRequest): Promise<GatewayAnswer> {
  return post<GatewayAnswer>("/api/request", request);
}
