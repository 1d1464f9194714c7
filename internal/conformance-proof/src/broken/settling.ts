import { overrideSource } from "@anybroker/conformance";
import { changeHeaders, OWN } from "@anybroker/core/driver";
import type { BrokenDriver } from "../broken-driver.ts";
import { asOutgoing, changeDeliveries, changeSettlements, changeSources, copyOf, sendOne } from "../change.ts";

const succeeded = undefined;

/** Faults with settlements. */
export const SETTLING: readonly BrokenDriver[] = [
  {
    fault: "acks a message whose handler threw",
    make: () => (driver) =>
      changeSettlements(driver, (settlement, pass) =>
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
      "dead-letter-intact",
      "default-is-no-request",
      "defaults-for-consumers",
      "delayed-retry",
      "ephemeral-retries",
      "existing-entities-used",
      "explicit-retry",
      "failures-logged",
      "filter-and-retry",
      "handler-errors-reported",
      "handler-timeout",
      "jitter-lengthens",
      "largest-headers",
      "longest-names",
      "many-failures-lose-nothing",
      "no-hot-loop",
      "purge-under-consumer",
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
      changeSettlements(driver, (settlement, pass) =>
        pass(settlement.action === "retry" ? { ...settlement, delay: 0 } : settlement),
      ),
    fails: ["backoff-kept", "failing-neighbour", "jitter-lengthens", "no-hot-loop", "retry-delay"],
  },
  {
    fault: "acks messages that it should dead-letter",
    make: () => (driver) =>
      changeSettlements(driver, (settlement, pass) => {
        const dead = settlement.action === "deadLetter" || settlement.action === "reject";
        return pass(dead ? { action: "ack", delivery: settlement.delivery } : settlement);
      }),
    fails: [
      "anything-thrown",
      "attempts-used-up",
      "classified-as-dead",
      "consume-batch-poison",
      "crash-loop",
      "crash-loop-ordered",
      "dead-letter-copy-refused",
      "dead-letter-copy-too-large",
      "dead-letter-error-bounded",
      "dead-letter-frees-its-key",
      "dead-letter-intact",
      "dead-letter-without-secrets",
      "dead-letters-counted",
      "dead-letters-listed",
      "dead-letters-paged",
      "delete-subscription",
      "explicit-dead-letter",
      "invalid-body-dead-lettered",
      "largest-headers",
      "looking-without-options",
      "one-attempt",
      "purge-queue",
      "purge-subscription",
      "remove-all",
      "remove-one",
      "replay-all",
      "replay-fails-again",
      "replay-on-ordered",
      "replay-one",
      "replay-rate",
      "replay-stays-in-its-subscription",
      "retry-in-place-without-return-queue",
      "undecodable-dead-lettered",
      "unknown-dead-letter",
    ],
  },
  {
    fault: "acks the original when the dead letter cannot be written",
    make: () => (driver) =>
      changeSettlements(driver, async (settlement, pass) => {
        const result = await pass(settlement);
        if (settlement.action !== "deadLetter" || result === undefined) return result;
        return pass({ action: "ack", delivery: settlement.delivery });
      }),
    fails: ["dead-letter-copy-refused", "dead-letter-copy-too-large"],
  },
  {
    fault: "acks the original when the copy for a retry cannot be written",
    make: () => (driver) =>
      changeSettlements(driver, async (settlement, pass) => {
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
      const counting = changeSettlements(driver, (settlement, pass) => {
        if (settlement.action !== "retry") return pass(settlement);
        counts.set(settlement.delivery.id ?? "", settlement.headers[OWN.attempt]);
        return pass({ ...settlement, headers: { ...settlement.headers, [OWN.attempt]: undefined } });
      });
      return changeDeliveries(counting, (delivery) => {
        const count = counts.get(delivery.id ?? "");
        return count === undefined
          ? delivery
          : copyOf(delivery, { headers: { ...delivery.headers, [OWN.attempt]: count } });
      });
    },
    fails: ["attempts-outlive-the-consumer"],
  },
  {
    fault: "counts a release as a failure",
    make: () => (driver) =>
      changeSettlements(driver, (settlement, pass) => {
        if (settlement.action !== "release") return pass(settlement);
        const { delivery } = settlement;
        const failures = Number(delivery.headers[OWN.attempt] ?? 0) + 1;
        return pass({ action: "retry", delivery, delay: 0, headers: { [OWN.attempt]: String(failures) } });
      }),
    fails: ["aborted-consumer", "drain-deadline", "drain-gives-back-unstarted", "pause-with-full-buffer"],
  },
  {
    fault: "acks messages that it should release",
    make: () => (driver) =>
      changeSettlements(driver, (settlement, pass) =>
        pass(settlement.action === "release" ? { action: "ack", delivery: settlement.delivery } : settlement),
      ),
    fails: [
      "aborted-consumer",
      "drain-deadline",
      "drain-gives-back-unstarted",
      "order-while-consumers-come-and-go",
      "overdue-handlers-stuck",
      "pause-with-full-buffer",
    ],
  },
  {
    fault: "acks before the handler runs",
    make: () => (driver) =>
      changeSources(driver, (source, entity, link) =>
        overrideSource(source, {
          receive: async (max, signal) => {
            const deliveries = await source.receive(max, signal);
            const acks = deliveries.map((delivery) => ({ action: "ack" as const, delivery }));
            if (acks.length > 0) await source.settle(acks, signal);
            return deliveries;
          },
          settle: async (batch) => {
            for (const settlement of batch) {
              if (entity.kind !== "queue") continue;
              const { action, delivery } = settlement;
              if (action === "release") await sendOne(link, entity, asOutgoing(delivery));
              if (action !== "retry") continue;
              const headers = changeHeaders(delivery.headers, settlement.headers);
              const deliverAt = settlement.delay === 0 ? undefined : Date.now() + settlement.delay;
              await sendOne(link, entity, asOutgoing(delivery, { headers, deliverAt }));
            }
            return batch.map(() => succeeded);
          },
          extend: async (deliveries) => deliveries.map(() => Date.now() + 60_000),
        }),
      ),
    fails: [
      "ack-overtaken-by-lease",
      "anything-thrown",
      "attempts-used-up",
      "classified-as-dead",
      "consume-batch-poison",
      "crash-loop",
      "crash-loop-ordered",
      "cut-is-no-crash",
      "dead-letter-copy-refused",
      "dead-letter-copy-too-large",
      "dead-letter-error-bounded",
      "dead-letter-frees-its-key",
      "dead-letter-intact",
      "dead-letter-without-secrets",
      "dead-letters-counted",
      "dead-letters-listed",
      "dead-letters-paged",
      "delete-subscription",
      "ephemeral-retries",
      "existing-entities-used",
      "explicit-dead-letter",
      "filter-and-retry",
      "held-message-comes-again",
      "invalid-body-dead-lettered",
      "join-waits-for-handlers",
      "largest-headers",
      "looking-without-options",
      "lost-lease-aborts",
      "lost-lease-reported",
      "one-ack-refused-among-many",
      "one-attempt",
      "order-while-consumers-come-and-go",
      "order-with-consumers",
      "purge-queue",
      "purge-subscription",
      "remove-all",
      "remove-one",
      "replay-all",
      "replay-fails-again",
      "replay-on-ordered",
      "replay-one",
      "replay-rate",
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
    fault: "reports success for settlements that came too late",
    make: () => (driver) =>
      changeSettlements(driver, async (settlement, pass) => {
        const result = await pass(settlement);
        return result?.lost === true ? succeeded : result;
      }),
    fails: ["ack-overtaken-by-lease"],
  },
  {
    fault: "lets an ack that came too late remove the message from its new consumer",
    make: () => {
      const acked = new Set<string>();
      return (driver) => {
        const stale = changeSettlements(driver, async (settlement, pass) => {
          const result = await pass(settlement);
          if (settlement.action === "ack" && result?.lost === true) acked.add(settlement.delivery.id ?? "");
          return result;
        });
        return changeDeliveries(stale, (delivery, _, source) => {
          if (!acked.has(delivery.id ?? "")) return delivery;
          void source.settle([{ action: "ack", delivery }], new AbortController().signal);
          return undefined;
        });
      };
    },
    fails: ["ack-overtaken-by-lease"],
  },
  {
    fault: "returns the results of settlements in the wrong order",
    make: () => (driver) =>
      changeSources(driver, (source) =>
        overrideSource(source, {
          settle: async (batch, signal) => [...(await source.settle(batch, signal))].reverse(),
        }),
      ),
    fails: ["one-ack-refused-among-many"],
  },
  {
    fault: "publishes the retry of a subscription to its topic",
    make: () => (driver) =>
      changeSettlements(driver, async (settlement, pass, entity, link) => {
        if (settlement.action !== "retry" || entity.kind !== "subscription") return pass(settlement);
        const { delivery } = settlement;
        const headers = { ...delivery.headers, [OWN.attempt]: settlement.headers[OWN.attempt] ?? "0" };
        await sendOne(link, entity.topic, asOutgoing(delivery, { headers }));
        return pass({ action: "ack", delivery });
      }),
    fails: ["retry-stays-in-its-subscription"],
  },
  {
    fault: "writes dead letters without a reason",
    make: () => (driver) =>
      changeSettlements(driver, (settlement, pass) =>
        pass(settlement.action === "deadLetter" ? { ...settlement, headers: {} } : settlement),
      ),
    fails: [
      "anything-thrown",
      "attempts-used-up",
      "classified-as-dead",
      "crash-loop",
      "crash-loop-ordered",
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
