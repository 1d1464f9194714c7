import { mapLinks, overrideLink, overrideSource } from "@anybroker/conformance";
import type { DeadLetterStore, Driver, Entity, SourceEntity } from "@anybroker/core/driver";
import type { BrokenDriver } from "../broken-driver.ts";
import { asOutgoing, sendOne } from "../change.ts";

function deadLetters(
  driver: Driver,
  change: (store: DeadLetterStore, source: SourceEntity) => Partial<DeadLetterStore>,
): Driver {
  return mapLinks(driver, (link) =>
    overrideLink(link, {
      deadLetters(source) {
        const store = link.deadLetters(source);
        return { ...store, ...change(store, source) };
      },
    }),
  );
}

function entities(driver: Driver, change: <E extends Entity>(entity: E) => E): Driver {
  return mapLinks(driver, (link) =>
    overrideLink(link, {
      declare: (all, mode, signal) => link.declare(all.map(change), mode, signal),
      open: (entity, options, lost, signal) => link.open(change(entity), options, lost, signal),
      send: (destination, batch, report, signal) => link.send(change(destination), batch, report, signal),
    }),
  );
}

/** Faults with entities and dead letters. */
export const ENTITIES: readonly BrokenDriver[] = [
  {
    fault: "creates entities that it should only verify",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          declare: (all, mode, signal) => link.declare(all, mode === "verify" ? "create" : mode, signal),
        }),
      ),
    fails: [
      "delete-ordered-queue",
      "delete-queue",
      "delete-stays-deleted",
      "delete-subscription",
      "delete-topic",
      "delete-what-is-missing",
      "looking-changes-nothing",
      "purge-what-is-missing",
      "removal-retried",
      "verify-missing-queue",
      "verify-missing-topic",
    ],
  },
  {
    fault: "lets each consumer apply its own filter",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          async open(entity, options, lost, signal) {
            const source = await link.open(entity, options, lost, signal);
            const filter = entity.kind === "subscription" ? entity.filter : undefined;
            return overrideSource(source, { storedFilter: { filter } });
          },
        }),
      ),
    fails: ["filter-declared-anew", "filter-stored-decides"],
  },
  {
    fault: "does not compare existing entities with their declaration",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          declare: async (all, mode, signal) => {
            await link.declare(all, mode, signal);
            return [];
          },
        }),
      ),
    fails: ["drift-reported", "drift-verified", "filter-stored-decides", "filter-verified"],
  },
  {
    fault: "does not keep the order of keys across consumers",
    make: () => (driver) =>
      entities(driver, (entity) => ("ordered" in entity ? { ...entity, ordered: false } : entity)),
    fails: [
      "drift-reported",
      "drift-verified",
      "join-waits-for-handlers",
      "order-while-consumers-come-and-go",
      "order-with-consumers",
    ],
  },
  {
    fault: "keeps subscriptions that are not durable",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          async open(entity, options, lost, signal) {
            if (entity.kind === "queue" || entity.durable) return link.open(entity, options, lost, signal);
            const durable = { ...entity, durable: true };
            await link.declare([durable], "create", signal);
            return link.open(durable, options, lost, signal);
          },
        }),
      ),
    fails: ["ephemeral-leaves-nothing"],
  },
  {
    fault: "starts every subscription at the next message",
    make: () => (driver) =>
      entities(driver, (entity) => (entity.kind === "subscription" ? { ...entity, from: "latest" } : entity)),
    fails: ["from-applies-once", "from-date", "from-earliest", "purge-keeps-retained"],
  },
  {
    fault: "replays the dead letters of a subscription to its topic",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          deadLetters(source) {
            const store = link.deadLetters(source);
            if (source.kind === "queue") return store;
            return {
              ...store,
              async replay(selection, headers, signal) {
                for (const entry of await store.list(1_000, undefined, signal)) {
                  const kept = Object.entries(entry.headers).filter(([name]) => !(name in headers));
                  await sendOne(link, source.topic, asOutgoing(entry, { headers: Object.fromEntries(kept) }));
                }
                return store.remove(selection, signal);
              },
            };
          },
        }),
      ),
    fails: ["replay-stays-in-its-subscription"],
  },
  {
    fault: "replays dead letters with their old attempts",
    make: () => (driver) =>
      deadLetters(driver, (store) => ({ replay: (selection, _, signal) => store.replay(selection, {}, signal) })),
    fails: ["replay-all", "replay-fails-again", "replay-on-ordered", "replay-one", "replay-stays-in-its-subscription"],
  },
  {
    fault: "removes dead letters without replaying them",
    make: () => (driver) =>
      deadLetters(driver, (store) => ({ replay: (selection, _, signal) => store.remove(selection, signal) })),
    fails: [
      "replay-all",
      "replay-fails-again",
      "replay-on-ordered",
      "replay-one",
      "replay-rate",
      "replay-stays-in-its-subscription",
    ],
  },
  {
    fault: "removes dead letters that it lists",
    make: () => (driver) =>
      deadLetters(driver, (store) => ({
        async list(limit, after, signal) {
          const page = await store.list(limit, after, signal);
          await store.remove({ ids: page.map(({ deadLetterId }) => deadLetterId) }, signal);
          return page;
        },
      })),
    fails: [
      "dead-letters-listed",
      "dead-letters-paged",
      "looking-without-options",
      "remove-all",
      "remove-one",
      "replay-all",
      "replay-fails-again",
      "replay-on-ordered",
      "replay-one",
      "replay-rate",
      "replay-stays-in-its-subscription",
      "unknown-dead-letter",
    ],
  },
  {
    fault: "lists dead letters newest first",
    make: () => (driver) =>
      deadLetters(driver, (store) => ({
        list: async (limit, after, signal) => (await store.list(limit, after, signal)).toReversed(),
      })),
    fails: ["dead-letters-listed", "dead-letters-paged", "remove-one", "replay-one", "unknown-dead-letter"],
  },
  {
    fault: "replays and removes all dead letters when it is asked for some",
    make: () => (driver) =>
      deadLetters(driver, (store) => ({
        replay: (_, headers, signal) => store.replay({ all: true }, headers, signal),
        remove: (_, signal) => store.remove({ all: true }, signal),
      })),
    fails: ["remove-one", "replay-one", "unknown-dead-letter"],
  },
  {
    fault: "counts no messages",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          stats: async () => ({ ready: 0, delayed: 0, inFlight: 0, dead: 0 }),
        }),
      ),
    fails: ["looking-changes-nothing", "looking-without-options", "stats"],
  },
];
