import type { Socket } from "node:net";

/** What takes a connected socket, by the protocol that the client speaks. */
export interface Protocols {
  readonly amqp: (socket: Socket) => void;
  readonly http: (socket: Socket) => void;
}

// A client that says nothing keeps its socket no longer than this, in ms.
const PATIENCE = 60_000;
const AMQP = Buffer.from("AMQP");

/** Hands a socket to the protocol that its first bytes belong to. */
export function switchProtocol(socket: Socket, protocols: Protocols): void {
  const destroy = (): void => {
    socket.destroy();
  };
  socket.setTimeout(PATIENCE, destroy);
  socket.on("error", destroy);
  socket.once("readable", () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return destroy();
    socket.setTimeout(0);
    socket.off("timeout", destroy);
    socket.off("error", destroy);
    socket.unshift(chunk);
    if (chunk.subarray(0, AMQP.length).equals(AMQP.subarray(0, chunk.length))) protocols.amqp(socket);
    else protocols.http(socket);
  });
}
