import type { ClientConnection } from "./client-connection.ts";
import { describe } from "./errors.ts";
import { type Answer, int } from "./requests.ts";
import type { DecodedMessage } from "./rhea.ts";
import { textOf } from "./text.ts";

/** Claims-based security: a client puts a token for each resource that it wants to use. */
export function answerCbs(client: ClientConnection, request: DecodedMessage): Answer {
  const { operation, type, name } = request.application_properties ?? {};
  if (operation !== "put-token") return status(400, "The only operation is put-token.");
  try {
    client.authorize(textOf(type) ?? "", tokenIn(request.body), textOf(name) ?? "");
    return status(202, "Accepted");
  } catch (error) {
    const wording = describe(error);
    return status(wording.status, wording.description);
  }
}

function status(code: number, description: string): Answer {
  return { applicationProperties: { "status-code": int(code), "status-description": description } };
}

/** The token is a value, or bytes. */
function tokenIn(body: unknown): string {
  const value = typeof body === "object" && body !== null && "content" in body ? body.content : body;
  return textOf(value) ?? "";
}
