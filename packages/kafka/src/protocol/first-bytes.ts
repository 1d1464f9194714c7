import type { Socket } from "node:net";

/** What is said of a server whose first bytes are no response of Kafka. */
export const NOT_A_RESPONSE = "the server's first bytes are no response of Kafka";

/** A response begins with its size. No response has 256 MiB, but letters and an alert of TLS would say so. */
const TOO_LARGE = 0x10;

/** Reports that the first bytes from the server are no response. The client would wait for the rest of it. */
export function watchFirstBytes(socket: Socket, report: (error: Error) => void): void {
  socket.once("data", ([first = 0]: Buffer) => {
    if (first >= TOO_LARGE) report(new Error(NOT_A_RESPONSE));
  });
}
