import { orAborted } from "../base/wait.ts";
import type { Address } from "./url.ts";

/** The options for a user and a password. They have the same names in every adapter. */
export interface CredentialOptions {
  /** The user name. Takes precedence over the one in the URL. Not a URL parameter. */
  readonly username?: string | undefined;
  /**
   * The password. Takes precedence over the one in the URL. A function is called for each connection, so that it can
   * supply tokens that expire. Not a URL parameter.
   */
  readonly password?: string | (() => string | Promise<string>) | undefined;
}

/** The kinds of {@link CredentialOptions}, for `readOptions`. */
export const CREDENTIAL_KINDS = {
  username: ["secret"],
  password: ["secret", "function"],
} as const;

/** Returns the user name from the options, or else from the URL. */
export function usernameOf(options: CredentialOptions, address: Address): string | undefined {
  return options.username ?? address.username;
}

/** Returns the password from the options, or else from the URL. Rejects when the signal aborts. */
export async function passwordOf(
  options: CredentialOptions,
  address: Address,
  signal: AbortSignal,
): Promise<string | undefined> {
  const given = options.password ?? address.password;
  return typeof given === "function" ? orAborted(Promise.resolve(given()), signal) : given;
}
