import type { IncomingMessage, ServerResponse } from "node:http";
import { errorResponse, internalError } from "./errors.ts";
import type { AdminRequest, AdminResponse } from "./http.ts";

// A description is a few kilobytes long at most.
const LARGEST_BODY = 256 * 1024;

/** Serves requests of Node's HTTP server. */
export function adminListener(
  serve: (request: AdminRequest) => AdminResponse,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    read(request, response, serve).catch(() => response.destroy());
  };
}

async function read(
  request: IncomingMessage,
  response: ServerResponse,
  serve: (request: AdminRequest) => AdminResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Without an encoding, a request is a stream of buffers.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) {
      response.writeHead(413, { connection: "close" }).end();
      return;
    }
    chunks.push(chunk);
  }
  const { status, headers, body } = answer(serve, {
    scheme: "encrypted" in request.socket ? "https" : "http",
    method: request.method ?? "GET",
    target: request.url ?? "/",
    headers: { ...request.headers, "set-cookie": undefined },
    body: Buffer.concat(chunks).toString("utf8"),
  });
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
}

/** A fault of the emulator ends one request, and not the process. */
function answer(serve: (request: AdminRequest) => AdminResponse, request: AdminRequest): AdminResponse {
  try {
    return serve(request);
  } catch (error) {
    return errorResponse(internalError(error), request.target, new Date());
  }
}
