import { overrideSource } from "@anybroker/conformance";
import { OWN } from "@anybroker/core/driver";
import type { BrokenDriver } from "./broken-driver.ts";
import { asOutgoing, copyOf, receiving, settling, sources, toss } from "./wrap.ts";

const ok = undefined;

/** Faults in what becomes of a delivery. */
export const SETTLING: readonly BrokenDriver[] = [
  {
    fault: "acks a message whose handler has thrown",
    make: () => (driver) =>
      settling(driver, (settlement, pass) =>
        pass(settlement.action === "retry" ? { action: "ack", delivery: settlement.delivery } : settlement),
      ),
    fails: [
      "ack-overtaken-by-lease",
      "anything-thrown",
      "attempts-count-failures",
      "attempts-outlive-cut",
      "attempts-outlive-the-consumer",
      "attempts-used-up",
      "backoff-kept",
      "classified-as-dead",
      "consume-batch-settles-alone",
      "consume-batch-throws",
      "copies-are-isolated",
      "crash-loop",
      "dead-letter-intact",
      "default-is-no-request",
      "delayed-retry",
      "ephemeral-retries",
      "existing-entities-used",
      "explicit-retry",
      "filter-and-retry",
      "handler-errors-reported",
      "handler-timeout",
      "jitter-lengthens",
      "largest-headers",
      "longest-names",
      "many-failures-lose-nothing",
      "no-hot-loop",
      "overdue-handlers-close",
      "rejection-retries",
      "replay-fails-again",
      "retried-copy-is-the-same",
      "retry-copy-refused",
      "retry-delay",
      "retry-stays-in-its-subscription",
      "settle-after-timeout",
      "settle-out-of-turn",
      "stale-ack-removes-nothing",
      "throw-retries",
      "throwing-on-error",
      "trace-propagation",
    ],
  },
  {
    fault: "retries at once, whatever the delay",
    make: () => (driver) =>
      settling(driver, (settlement, pass) =>
        pass(settlement.action === "retry" ? { ...settlement, delay: 0 } : settlement),
      ),
    fails: ["backoff-kept", "failing-neighbour", "jitter-lengthens", "no-hot-loop", "retry-delay"],
  },
  {
    fault: "acks what should become a dead letter",
    make: () => (driver) =>
      settling(driver, (settlement, pass) => {
        const dead = settlement.action === "deadLetter" || settlement.action === "reject";
        return pass(dead ? { action: "ack", delivery: settlement.delivery } : settlement);
      }),
    fails: [
      "anything-thrown",
      "attempts-used-up",
      "classified-as-dead",
      "consume-batch-poison",
      "crash-loop",
      "dead-letter-copy-refused",
      "dead-letter-copy-too-large",
      "dead-letter-error-bounded",
      "dead-letter-frees-its-key",
      "dead-letter-intact",
      "dead-letter-without-secrets",
      "dead-letters-counted",
      "dead-letters-listed",
      "dead-letters-paged",
      "explicit-dead-letter",
      "invalid-body-dead-lettered",
      "largest-headers",
      "one-attempt",
      "remove-all",
      "remove-one",
      "replay-all",
      "replay-fails-again",
      "replay-on-ordered",
      "replay-one",
      "replay-stays-in-its-subscription",
      "retry-in-place-without-return-queue",
      "undecodable-dead-lettered",
      "unknown-dead-letter",
    ],
  },
  {
    fault: "acks the original when the dead letter cannot be written",
    make: () => (driver) =>
      settling(driver, async (settlement, pass) => {
        const result = await pass(settlement);
        if (settlement.action !== "deadLetter" || result === undefined) return result;
        return pass({ action: "ack", delivery: settlement.delivery });
      }),
    fails: ["dead-letter-copy-refused", "dead-letter-copy-too-large"],
  },
  {
    fault: "acks the original when the copy for a retry cannot be written",
    make: () => (driver) =>
      settling(driver, async (settlement, pass) => {
        const result = await pass(settlement);
        if (settlement.action !== "retry" || result === undefined) return result;
        return pass({ action: "ack", delivery: settlement.delivery });
      }),
    fails: ["retry-copy-refused"],
  },
  {
    fault: "counts attempts in the memory of the process",
    make: () => (driver) => {
      const counts = new Map<string, string | undefined>();
      const counting = settling(driver, (settlement, pass) => {
        if (settlement.action !== "retry") return pass(settlement);
        counts.set(settlement.delivery.id ?? "", settlement.headers[OWN.attempt]);
        return pass({ ...settlement, headers: { ...settlement.headers, [OWN.attempt]: undefined } });
      });
      return receiving(counting, (delivery) => {
        const count = counts.get(delivery.id ?? "");
        return count === undefined
          ? delivery
          : copyOf(delivery, { headers: { ...delivery.headers, [OWN.attempt]: count } });
      });
    },
    fails: ["attempts-outlive-the-consumer", "overdue-handlers-close"],
  },
  {
    fault: "counts what it gives back as a failure",
    make: () => (driver) =>
      settling(driver, (settlement, pass) => {
        if (settlement.action !== "release") return pass(settlement);
        const { delivery } = settlement;
        const failures = Number(delivery.headers[OWN.attempt] ?? 0) + 1;
        return pass({ action: "retry", delivery, delay: 0, headers: { [OWN.attempt]: String(failures) } });
      }),
    fails: ["aborted-consumer", "crash-loop", "drain-deadline", "drain-gives-back-unstarted", "pause-with-full-buffer"],
  },
  {
    fault: "acks what it should give back",
    make: () => (driver) =>
      settling(driver, (settlement, pass) =>
        pass(settlement.action === "release" ? { action: "ack", delivery: settlement.delivery } : settlement),
      ),
    fails: [
      "aborted-consumer",
      "crash-loop",
      "drain-deadline",
      "drain-gives-back-unstarted",
      "order-while-consumers-come-and-go",
      "pause-with-full-buffer",
    ],
  },
  {
    fault: "acks before the handler runs",
    make: () => (driver) => {
      const early = sources(driver, (source, entity, link) =>
        overrideSource(source, {
          receive: async (max, signal) => {
            const deliveries = await source.receive(max, signal);
            const acks = deliveries.map((delivery) => ({ action: "ack" as const, delivery }));
            if (acks.length > 0) await source.settle(acks, signal);
            return deliveries;
          },
          settle: async (batch) => {
            for (const { action, delivery, ...rest } of batch) {
              if (action === "ack" || entity.kind !== "queue") continue;
              // The casts are true: only settlements with these fields have them.
              const { headers = {} } = rest as { readonly headers?: Readonly<Record<string, string | undefined>> };
              const kept = Object.entries({ ...delivery.headers, ...headers }).filter(
                ([, value]) => value !== undefined,
              );
              // The cast is true: the filter has left out what is undefined.
              const changed = Object.fromEntries(kept) as Record<string, string>;
              const { delay = 0 } = rest as { readonly delay?: number };
              const deliverAt = delay === 0 ? undefined : Date.now() + delay;
              if (action === "retry" || action === "release") {
                await toss(link, entity, asOutgoing(delivery, { headers: changed, deliverAt }));
              }
            }
            return batch.map(() => ok);
          },
          extend: async (deliveries) => deliveries.map(() => Date.now() + 60_000),
        }),
      );
      return early;
    },
    fails: [
      "ack-overtaken-by-lease",
      "anything-thrown",
      "attempts-used-up",
      "classified-as-dead",
      "consume-batch-poison",
      "crash-loop",
      "dead-letter-copy-refused",
      "dead-letter-copy-too-large",
      "dead-letter-error-bounded",
      "dead-letter-frees-its-key",
      "dead-letter-intact",
      "dead-letter-without-secrets",
      "dead-letters-counted",
      "dead-letters-listed",
      "dead-letters-paged",
      "ephemeral-retries",
      "existing-entities-used",
      "explicit-dead-letter",
      "filter-and-retry",
      "held-message-comes-again",
      "invalid-body-dead-lettered",
      "largest-headers",
      "lost-lease-aborts",
      "lost-lease-reported",
      "one-ack-refused-among-many",
      "one-attempt",
      "order-while-consumers-come-and-go",
      "order-with-consumers",
      "remove-all",
      "remove-one",
      "replay-all",
      "replay-fails-again",
      "replay-on-ordered",
      "replay-one",
      "replay-stays-in-its-subscription",
      "retry-in-place-without-return-queue",
      "retry-stays-in-its-subscription",
      "settle-after-lost-lease",
      "silent-consumer-loses",
      "stale-ack-removes-nothing",
      "undecodable-dead-lettered",
      "unknown-dead-letter",
    ],
  },
  {
    fault: "says that settlements took which came too late",
    make: () => (driver) =>
      settling(driver, async (settlement, pass) => {
        const result = await pass(settlement);
        return result?.lost === true ? ok : result;
      }),
    fails: ["ack-overtaken-by-lease"],
  },
  {
    fault: "accepts an ack that came too late and removes the message from whoever has it now",
    make: () => {
      const acked = new Set<string>();
      return (driver) => {
        const stale = settling(driver, async (settlement, pass) => {
          const result = await pass(settlement);
          if (settlement.action === "ack" && result?.lost === true) acked.add(settlement.delivery.id ?? "");
          return result;
        });
        return receiving(stale, (delivery, _, source) => {
          if (!acked.has(delivery.id ?? "")) return delivery;
          void source.settle([{ action: "ack", delivery }], new AbortController().signal);
          return undefined;
        });
      };
    },
    fails: ["ack-overtaken-by-lease"],
  },
  {
    fault: "answers settlements in the wrong order",
    make: () => (driver) =>
      sources(driver, (source) =>
        overrideSource(source, {
          settle: async (batch, signal) => [...(await source.settle(batch, signal))].reverse(),
        }),
      ),
    fails: ["one-ack-refused-among-many"],
  },
  {
    fault: "publishes the retry of a subscription on its topic again",
    make: () => (driver) =>
      settling(driver, async (settlement, pass, entity, link) => {
        if (settlement.action !== "retry" || entity.kind !== "subscription") return pass(settlement);
        const { delivery } = settlement;
        const headers = { ...delivery.headers, [OWN.attempt]: settlement.headers[OWN.attempt] ?? "0" };
        await toss(link, entity.topic, asOutgoing(delivery, { headers }));
        return pass({ action: "ack", delivery });
      }),
    fails: ["retry-stays-in-its-subscription"],
  },
  {
    fault: "writes dead letters without saying why",
    make: () => (driver) =>
      settling(driver, (settlement, pass) =>
        pass(settlement.action === "deadLetter" ? { ...settlement, headers: {} } : settlement),
      ),
    fails: [
      "anything-thrown",
      "attempts-used-up",
      "classified-as-dead",
      "crash-loop",
      "dead-letter-copy-too-large",
      "dead-letter-error-bounded",
      "dead-letter-intact",
      "explicit-dead-letter",
      "invalid-body-dead-lettered",
      "one-attempt",
      "replay-fails-again",
      "replay-stays-in-its-subscription",
      "retry-in-place-without-return-queue",
      "undecodable-dead-lettered",
    ],
  },
];
