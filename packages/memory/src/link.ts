import { clearInterval, setInterval } from "node:timers";
import type { Link, LinkContext, Naming } from "@anybroker/core/driver";
import { Connection } from "./broker/connection.ts";
import type { Instance, MemoryInstance } from "./broker/instance.ts";
import { MemoryError } from "./broker/memory-error.ts";
import { deadLetters } from "./dead-letters.ts";
import { declare } from "./declare.ts";
import { health } from "./health.ts";
import { purge } from "./purge.ts";
import { remove } from "./remove.ts";
import { send } from "./send.ts";
import { openSource } from "./source.ts";
import type { LinkState } from "./state/link-state.ts";
import { stats } from "./stats.ts";

const DAY = 86_400_000;

/** Opens one connection to an instance. Throws when the instance refuses it. */
export function openLink(instance: Instance, naming: Naming, context: LinkContext): Link<MemoryInstance> {
  const connection = new Connection(instance, context.clock);
  const state: LinkState = { connection, naming, lease: context.lease };
  // Keeps the process alive, as an open socket would.
  const alive = setInterval(() => {}, DAY);
  void connection.lost.then(() => clearInterval(alive));
  return {
    server: { product: "memory", version: "embedded", capabilities: {} },
    native: instance,
    lost: connection.lost,
    window: { messages: 1_024, bytes: 16_777_216 },
    declare: async (entities, mode) => declare(state, entities, mode),
    send: async (destination, batch, report) => send(state, destination, batch, report),
    open: async (source, _options, onLost) => openSource(state, source, onLost),
    stats: async (source) => stats(state, source),
    deadLetters: (source) => deadLetters(state, source),
    remove: async (entities) => remove(state, entities),
    purge: async (entities) => purge(state, entities),
    health: async () => health(state),
    close: async () => connection.end(new MemoryError("closed", "the link was closed")),
  };
}
