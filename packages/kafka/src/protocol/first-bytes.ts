import type { Socket } from "node:net";

/** The error text for a server whose first bytes are not a Kafka response. */
export const NOT_A_RESPONSE = "the server's first bytes are not a Kafka response";

/** A response begins with its size. No response has 256 MiB, but letters and an alert of TLS would say so. */
const TOO_LARGE = 0x10;

/** Reports first bytes that are not a response. Without this the client would wait for the rest of one. */
export function watchFirstBytes(socket: Socket, report: (error: Error) => void): void {
  socket.once("data", ([first = 0]: Buffer) => {
    if (first >= TOO_LARGE) report(new Error(NOT_A_RESPONSE));
  });
}
