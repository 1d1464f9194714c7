import { setTimeout } from "node:timers/promises";
import { mapLinks, overrideLink, overrideSource } from "@anybroker/conformance";
import { type Delivery, OWN_PREFIX } from "@anybroker/core/driver";
import type { BrokenDriver } from "../broken-driver.ts";
import { changeDeliveries, changeSources, copyOf } from "../change.ts";

const retried = ({ headers }: Delivery): boolean => headers["anybroker-attempt"] !== undefined;

/** Faults with deliveries. */
export const RECEIVING: readonly BrokenDriver[] = [
  {
    fault: "loses the sender's headers when it retries",
    make: () => (driver) =>
      changeDeliveries(driver, (delivery) => {
        if (!retried(delivery)) return delivery;
        const own = Object.entries(delivery.headers).filter(([name]) => name.startsWith(OWN_PREFIX));
        return copyOf(delivery, { headers: Object.fromEntries(own) });
      }),
    fails: ["copies-are-isolated", "largest-headers", "retried-copy-is-the-same", "trace-propagation"],
  },
  {
    fault: "gives a retried message another id",
    make: () => (driver) =>
      changeDeliveries(driver, (delivery) =>
        retried(delivery) ? copyOf(delivery, { id: `copy-${delivery.id}` }) : delivery,
      ),
    fails: ["failures-logged", "retried-copy-is-the-same"],
  },
  {
    fault: "loses key, type and correlation when it retries",
    make: () => (driver) =>
      changeDeliveries(driver, (delivery) =>
        retried(delivery) ? copyOf(delivery, { key: undefined, type: undefined, correlationId: undefined }) : delivery,
      ),
    fails: ["retried-copy-is-the-same"],
  },
  {
    fault: "delivers more messages than it is asked for",
    make: () => (driver) =>
      changeSources(driver, (source) =>
        overrideSource(source, { receive: (max, signal) => source.receive(max * 100, signal) }),
      ),
    fails: ["prefetch-kept"],
  },
  {
    fault: "throws at a body that is not JSON",
    make: () => (driver) =>
      changeDeliveries(driver, (delivery) => {
        if (delivery.contentType === "application/json") JSON.parse(Buffer.from(delivery.body).toString());
        return delivery;
      }),
    fails: ["consume-batch-poison", "undecodable-dead-lettered", "undecodable-reported"],
  },
  {
    fault: "treats every body as text",
    make: () => (driver) =>
      changeDeliveries(driver, (delivery) =>
        copyOf(delivery, { body: Buffer.from(Buffer.from(delivery.body).toString()) }),
      ),
    fails: ["binary-body", "large-body"],
  },
  {
    fault: "delivers a message of a queue to every consumer in the program",
    make: () => (driver) =>
      mapLinks(driver, (link) => {
        const buffers = new Map<string, Set<Delivery[]>>();
        const extra = new WeakSet<Delivery>();
        return overrideLink(link, {
          async open(entity, options, lost, signal) {
            const source = await link.open(entity, options, lost, signal);
            if (entity.kind !== "queue") return source;
            const mine: Delivery[] = [];
            const all = buffers.get(entity.name) ?? new Set();
            buffers.set(entity.name, all.add(mine));
            return overrideSource(source, {
              receive: async (max, stop) => {
                const buffered = mine.splice(0, max);
                if (buffered.length > 0) return buffered;
                const deliveries = await source.receive(max, AbortSignal.any([stop, AbortSignal.timeout(20)]));
                for (const other of all) {
                  if (other === mine) continue;
                  const copies = deliveries.map((delivery) => copyOf(delivery, { leaseUntil: undefined }));
                  for (const copy of copies) extra.add(copy);
                  other.push(...copies);
                }
                return deliveries;
              },
              settle: async (batch, stop) => {
                const real = batch.filter(({ delivery }) => !extra.has(delivery));
                const results = [...(await source.settle(real, stop))];
                return batch.map(({ delivery }) => (extra.has(delivery) ? undefined : results.shift()));
              },
              close: async (stop) => {
                all.delete(mine);
                await source.close(stop);
              },
            });
          },
        });
      }),
    fails: ["point-to-point"],
  },
  {
    fault: "leaves filtered messages unsettled until the subscription stalls",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          declare: (entities, mode, signal) =>
            link.declare(
              entities.map((entity) => (entity.kind === "subscription" ? { ...entity, filter: undefined } : entity)),
              mode,
              signal,
            ),
          async open(entity, options, lost, signal) {
            const source = await link.open(entity, options, lost, signal);
            if (entity.kind !== "subscription" || entity.filter === undefined) return source;
            const { filter } = entity;
            let left = options.window;
            return overrideSource(source, {
              receive: async (max, stop) => {
                if (left <= 0) await new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true }));
                if (stop.aborted) return [];
                const deliveries = await source.receive(Math.min(max, left), stop);
                const wanted = deliveries.filter(({ headers }) =>
                  Object.entries(filter).every(([name, values]) => values.includes(headers[name] ?? "")),
                );
                left -= deliveries.length - wanted.length;
                return wanted;
              },
            });
          },
        }),
      ),
    fails: [
      "filter",
      "filter-declared-anew",
      "filter-needs-all",
      "filter-stored-decides",
      "filter-stored-narrower",
      "filter-verified",
    ],
  },
  {
    fault: "never returns when it is asked to stop reading a subscription",
    make: () => (driver) =>
      changeSources(driver, (source, entity) =>
        overrideSource(source, {
          receive: async (max, signal) => {
            const deliveries = await source.receive(max, signal);
            if (deliveries.length === 0 && signal.aborted && entity.kind === "subscription")
              await new Promise(() => {});
            return deliveries;
          },
        }),
      ),
    fails: [
      "close-stops-delivery",
      "delete-subscription",
      "delete-topic",
      "ephemeral-leaves-nothing",
      "every-subscription-gets-all",
      "existing-entities-used",
      "filter-stored-narrower",
      "from-applies-once",
      "one-consumer-fewer",
      "purge-keeps-retained",
      "purge-subscription",
      "subscription-keeps-what-comes",
    ],
  },
  {
    fault: "does not renew leases",
    make: () => (driver) =>
      changeSources(driver, (source) =>
        overrideSource(source, { extend: async (deliveries) => deliveries.map(() => Date.now() + 1_000) }),
      ),
    fails: ["lease-renewed", "lost-lease-aborts", "prefetched-leases-renewed"],
  },
  {
    fault: "does not say how often a message was delivered",
    make: () => (driver) => changeDeliveries(driver, (delivery) => copyOf(delivery, { deliveries: undefined })),
    fails: ["crash-loop", "crash-loop-ordered"],
  },
  {
    fault: "does not notice that its connection is lost",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          lost: new Promise(() => {}),
          async open(entity, options, lost, signal) {
            const source = await link.open(entity, options, lost, signal);
            return overrideSource(source, {
              lost: new Promise(() => {}),
              receive: async (max, stop) => {
                const deliveries = await source.receive(max, stop);
                if (deliveries.length === 0) await setTimeout(10);
                return deliveries;
              },
            });
          },
        }),
      ),
    fails: [
      "attempts-outlive-cut",
      "consumer-outlives-cut",
      "cut-is-no-crash",
      "cut-under-load",
      "delete-forgets-failures",
      "delete-under-consumer",
      "delete-under-subscription",
      "entity-removed-under-consumer",
      "ephemeral-outlives-cut",
      "health-during-outage",
      "held-message-comes-again",
      "many-cuts",
      "outage-logged",
      "paused-stays-paused",
      "removal-retried",
      "send-during-long-outage",
      "sender-outlives-cut",
      "subscriptions-outlive-cut",
    ],
  },
  {
    fault: "loses held messages when the connection is lost",
    make: () => (driver) => {
      const held = new Set<string>();
      let lives = 0;
      const lossy = mapLinks(driver, (link) => {
        lives += 1;
        return link;
      });
      const owner = new Map<string, number>();
      return changeDeliveries(lossy, (delivery, _, source) => {
        const id = `${delivery.id} ${delivery.headers["anybroker-attempt"]}`;
        const first = owner.get(id) ?? lives;
        owner.set(id, first);
        if (!held.has(id) || first === lives) {
          held.add(id);
          return delivery;
        }
        void source.settle([{ action: "ack", delivery }], new AbortController().signal);
        return undefined;
      });
    },
    fails: ["cut-is-no-crash", "held-message-comes-again"],
  },
];
