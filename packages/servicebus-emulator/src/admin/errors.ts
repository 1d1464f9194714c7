import { randomUUID } from "node:crypto";
import type { AdminResponse } from "./http.ts";
import { element, writeXml } from "./xml.ts";

const MORE = "To know more visit https://aka.ms/sbResourceMgrExceptions.";

/** The service refuses a request. The texts are those of the service where they are known. */
export class AdminError extends Error {
  override readonly name = "AdminError";
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** 400: what is asked for is not valid. */
export function badRequest(detail: string): AdminError {
  return new AdminError(400, `SubCode=40000. ${detail} ${MORE}`);
}

/** 400: a property has a value that is not allowed. */
export function badValue(detail: string, property: string, value: string): AdminError {
  return new AdminError(
    400,
    `SubCode=40000. ${detail} ${MORE} \nParameter name: ${property}\nActual value was ${value}.`,
  );
}

/** 400: a property that is fixed when the entity is created would change. */
export function cannotChange(property: string, what: string): AdminError {
  return badRequest(`The value for the ${property} property of an existing ${what} cannot be changed.`);
}

/** 400: the entity that messages should be forwarded to does not exist. */
export function noForwardDestination(): AdminError {
  return new AdminError(400, `SubCode=40400. The auto forwarding destination entity does not exist. ${MORE}`);
}

/** 401: the token does not allow what is asked for. */
export function unauthorized(detail: string): AdminError {
  return new AdminError(401, detail);
}

/** 404: there is no entity at the path of an update. */
export function noOperation(): AdminError {
  return new AdminError(404, `SubCode=40400. Not Found. The Operation doesn't exist. ${MORE}`);
}

/** 404: there is no queue or topic to delete. */
export function noService(): AdminError {
  return new AdminError(404, "No service is hosted at the specified address.");
}

/** 404: there is no such subscription or rule. `entity` is `namespace:Topic:topic|subscription|rule`. */
export function entityNotFound(entity: string): AdminError {
  return new AdminError(404, `Entity '${entity}' was not found. ${MORE}`);
}

/** 409: there is a queue or topic of that name. */
export function conflict(): AdminError {
  return new AdminError(
    409,
    `SubCode=40900. Conflict. You're requesting an operation that isn't allowed in the resource's current state. ${MORE}`,
  );
}

/** 409: there is a subscription or rule of that name. */
export function alreadyExists(entity: string): AdminError {
  return new AdminError(409, `The messaging entity '${entity}' already exists. ${MORE}`);
}

/** 500: a fault of the emulator. */
export function internalError(error: unknown): AdminError {
  const reason = error instanceof Error ? error.message : String(error);
  return new AdminError(500, `SubCode=50000. Internal Server Error: ${reason}.`);
}

/** The response that reports an error. `system` names the resource, as the service does. */
export function errorResponse(error: AdminError, system: string, now: Date): AdminResponse {
  const timestamp = now.toISOString().slice(0, 19);
  const detail = `${error.message} TrackingId:${randomUUID()}_G0, SystemTracker:${system}, Timestamp:${timestamp}`;
  const code = element("Code", {}, [String(error.status)]);
  return {
    status: error.status,
    headers: { "content-type": "application/xml; charset=utf-8" },
    body: writeXml(element("Error", {}, [code, element("Detail", {}, [detail])])),
  };
}
