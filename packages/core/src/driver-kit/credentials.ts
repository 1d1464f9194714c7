import { orAborted } from "../base/wait.ts";
import type { Address } from "./url.ts";

/** The options for a user and a password, under the same names in every adapter. */
export interface CredentialOptions {
  /** The user. Replaces the URL's. Not a URL parameter. */
  readonly username?: string;
  /**
   * The password. Replaces the URL's. A function is called at each connect, for tokens that expire. Not a URL parameter.
   */
  readonly password?: string | (() => string | Promise<string>);
}

/** The kinds of {@link CredentialOptions}, for `readOptions`. */
export const CREDENTIAL_KINDS = {
  username: ["secret"],
  password: ["secret", "function"],
} as const;

/** The user by option, else by URL. */
export function usernameOf(options: CredentialOptions, address: Address): string | undefined {
  return options.username ?? address.username;
}

/** The password by option, which a function may supply, else by URL. */
export async function passwordOf(
  options: CredentialOptions,
  address: Address,
  signal: AbortSignal,
): Promise<string | undefined> {
  const given = options.password ?? address.password;
  return typeof given === "function" ? orAborted(Promise.resolve(given()), signal) : given;
}
