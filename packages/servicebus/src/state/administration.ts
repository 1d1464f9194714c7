import { forbidden, orAborted, reasonOf } from "@anybroker/core/driver";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { isMissing } from "../errors.ts";
import type { LinkState } from "./link-state.ts";

/** Requests of administration. They need the right to manage the entity. */
export type Ask<T> = (
  admin: ServiceBusAdministrationClient,
  options: { readonly abortSignal: AbortSignal },
) => Promise<T>;

/** Asks the administration of the service. Rejects with `FORBIDDEN` if the account may not, naming what it was to do. */
export async function administer<T>(link: LinkState, what: string, signal: AbortSignal, ask: Ask<T>): Promise<T> {
  const { admin } = link.connection;
  if (admin === undefined)
    throw forbidden(`${what} needs the right Manage: a shared access signature has it not`, undefined);
  try {
    return await orAborted(ask(admin, { abortSignal: signal }), signal);
  } catch (error) {
    if (statusOf(error) !== 401) throw error;
    throw forbidden(`${what} needs the right Manage on it: ${reasonOf(error)}`, error);
  }
}

/** The HTTP status with which the administration has refused a request; undefined for any other error. */
export function statusOf(error: unknown): number | undefined {
  const status = typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" ? status : undefined;
}

/** Whether an entity of this name exists already, perhaps since a moment ago. */
export function isConflict(error: unknown): boolean {
  return statusOf(error) === 409 && /AlreadyExists/.test(String((error as { readonly code?: unknown }).code));
}

/** The result, or undefined if there is no such entity. */
export async function ifThere<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return undefined;
  }
}
