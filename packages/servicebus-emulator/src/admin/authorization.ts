import { type Access, allows, type Grant, InvalidToken } from "../access/access.ts";
import type { Permit } from "./admin-api.ts";
import { unauthorized } from "./errors.ts";

/** Makes the check of the header `Authorization`. `grantOfToken` checks what is no shared access signature. */
export function authorizer(
  access: Access,
  grantOfToken: (token: string) => Grant | undefined,
  now: () => number,
): (authorization: string) => Permit {
  const grantOf = (authorization: string): Grant => {
    const bearer = /^Bearer\s+(.*)$/i.exec(authorization)?.[1];
    if (bearer === undefined) return access.grantOfSignature(authorization, now());
    const grant = grantOfToken(bearer);
    if (grant === undefined) throw new InvalidToken("InvalidToken: The token is not accepted.");
    return grant;
  };
  return (authorization) => {
    try {
      const grant = grantOf(authorization);
      return { manages: (path) => allows(grant, path, ["Manage"]) };
    } catch (error) {
      throw error instanceof InvalidToken ? unauthorized(error.message) : error;
    }
  };
}
