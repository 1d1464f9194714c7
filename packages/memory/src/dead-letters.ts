import type { DeadLetterStore, SourceEntity } from "@anybroker/core/driver";
import type { QueueStore } from "./broker/queue-store.ts";
import type { LinkState } from "./state/link-state.ts";
import { sourceStore } from "./topology.ts";
import { deadLetterOf } from "./wire.ts";

/** `Link.deadLetters`. */
export function deadLetters(link: LinkState, source: SourceEntity): DeadLetterStore {
  const store = (): QueueStore => {
    link.connection.check();
    return sourceStore(link, source);
  };
  return {
    count: async () => store().deadLetters.size,
    list: async (limit, after) => {
      const { deadLetters: list, shape } = store();
      return list.list(limit, after).map(([number, entry]) => deadLetterOf(number, entry, shape.name));
    },
    replay: async (selection, headers) => store().replay(selection, headers),
    remove: async (selection) => store().remove(selection),
  };
}
