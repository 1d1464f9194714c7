import { entityNotFound } from "../../entities/errors.ts";
import type { Namespace } from "../../entities/namespace.ts";
import type { ClientConnection } from "../client-connection.ts";
import { describe, LinkError } from "../errors.ts";
import { type Answer, int } from "../requests.ts";
import { type DecodedMessage, types } from "../rhea.ts";
import { textOf } from "../text.ts";
import { mapIn } from "./fields.ts";
import { MESSAGE_OPERATIONS } from "./messages.ts";
import type { Operation } from "./operation.ts";
import { RULE_OPERATIONS } from "./rules.ts";
import { SESSION_OPERATIONS } from "./sessions.ts";

/** The end of the address of a management node. */
export const MANAGEMENT = "/$management";

const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...MESSAGE_OPERATIONS,
  ...SESSION_OPERATIONS,
  ...RULE_OPERATIONS,
};

/**
 * Answers a request to the management node of an entity.
 *
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response
 */
export function answerManagement(
  namespace: Namespace,
  client: ClientConnection,
  path: string,
  request: DecodedMessage,
): Answer {
  try {
    const name = textOf(request.application_properties?.operation) ?? "";
    const operation = OPERATIONS[name];
    if (operation === undefined) {
      throw new LinkError("amqp:not-implemented", `There is no operation ${name}.`, 501);
    }
    const place = namespace.resolve(path);
    if (place === undefined) throw entityNotFound(path);
    client.assertAllowed(`${place.queue.path}${MANAGEMENT}`, operation.claims);
    const body = operation.run({ place, body: mapIn({ body: request.body }, "body") ?? {} });
    return body === undefined ? status(204, "NoContent") : { ...status(200, "OK"), body };
  } catch (error) {
    const wording = describe(error);
    return status(wording.status, wording.description, wording.condition);
  }
}

function status(code: number, description: string, condition?: string): Answer {
  return {
    applicationProperties: {
      statusCode: int(code),
      statusDescription: description,
      ...(condition === undefined ? {} : { errorCondition: types.wrap_symbol(condition) }),
    },
  };
}
