import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

/** Answers a request that is not for the health endpoint. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers `GET /health` without a token, and leaves everything else to a handler: a queue may have that name. */
export function withHealth(handler: HttpHandler): RequestListener {
  return (request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path !== "/health" || request.method !== "GET" || request.headers.authorization !== undefined) {
      handler(request, response);
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ status: "healthy" }));
  };
}
