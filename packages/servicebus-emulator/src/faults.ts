import { LinkError } from "./amqp/errors.ts";
import type { Faults as AmqpFaults } from "./amqp/faults.ts";
import type { Entity } from "./entities/entity.ts";
import { entityNotFound } from "./entities/errors.ts";
import type { Namespace } from "./entities/namespace.ts";

/** What can be made to go wrong on purpose. Entities are named by their paths: `orders`, `news/Subscriptions/mine`. */
export interface EmulatorFaults {
  /** The next sends to an entity are refused as if the server were busy. 0 ends that. */
  serverBusy(path: string, sends: number): void;
  /** Answers to sends and settlements come so many ms late. 0 ends that. */
  delaySettlements(path: string, delay: number): void;
  /** All locks of messages and sessions run out now. */
  loseLocks(path: string): void;
  /** Detaches all links of an entity, with `amqp:link:detach-forced`. */
  detachLinks(path: string): void;
  /** Closes all connections, with `amqp:connection:forced`. */
  closeConnections(): void;
  /** Ends all connections without a word, as a broken network does. */
  cutConnections(): void;
}

interface Connections {
  closeConnections(): void;
}

interface Sockets {
  cut(): void;
}

export function emulatorFaults(
  namespace: Namespace,
  faults: AmqpFaults,
  connections: Connections,
  sockets: Sockets,
): EmulatorFaults {
  const entityAt = (path: string): Entity => {
    const entity = namespace.find(path);
    if (entity === undefined) throw entityNotFound(path);
    return entity;
  };
  return {
    serverBusy: (path, sends) => faults.setBusy(entityAt(path).path, sends),
    delaySettlements: (path, delay) => faults.setSettleDelay(entityAt(path).path, delay),
    loseLocks: (path) => entityAt(path).queue.loseLocks(),
    detachLinks: (path) => {
      const reason = new LinkError("amqp:link:detach-forced", `The link to '${path}' is force detached.`);
      for (const attachment of [...entityAt(path).attachments]) attachment.detach(reason);
    },
    closeConnections: () => connections.closeConnections(),
    cutConnections: () => sockets.cut(),
  };
}
