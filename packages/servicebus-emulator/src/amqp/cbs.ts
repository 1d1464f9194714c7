import { pathOf } from "../access/access.ts";
import { entityNotFound } from "../entities/errors.ts";
import type { Namespace } from "../entities/namespace.ts";
import type { ClientConnection } from "./client-connection.ts";
import { describe } from "./errors.ts";
import { MANAGEMENT } from "./management/management.ts";
import { type Answer, int } from "./requests.ts";
import type { DecodedMessage } from "./rhea.ts";
import { textOf } from "./text.ts";

/** Claims-based security: a client puts a token for each resource that it wants to use. */
export function answerCbs(namespace: Namespace, client: ClientConnection, request: DecodedMessage): Answer {
  const { operation, name } = request.application_properties ?? {};
  if (operation !== "put-token") return status(400, "The only operation is put-token.");
  try {
    const resource = textOf(name) ?? "";
    client.authorize(tokenIn(request.body), resource);
    const path = withoutManagement(pathOf(resource));
    if (path !== "" && namespace.resolve(path) === undefined) throw entityNotFound(resource);
    return status(202, "Accepted");
  } catch (error) {
    const wording = describe(error);
    return status(wording.status, wording.description);
  }
}

function status(code: number, description: string): Answer {
  return { applicationProperties: { "status-code": int(code), "status-description": description } };
}

function withoutManagement(path: string): string {
  return path.endsWith(MANAGEMENT) ? path.slice(0, -MANAGEMENT.length) : path;
}

/** The token is a value, or bytes. */
function tokenIn(body: unknown): string {
  const value = typeof body === "object" && body !== null && "content" in body ? body.content : body;
  return textOf(value) ?? "";
}
