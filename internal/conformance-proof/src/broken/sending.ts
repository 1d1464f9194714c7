import { mapLinks, overrideDriver, overrideLink, withCapabilities } from "@anybroker/conformance";
import type { BrokenDriver } from "../broken-driver.ts";
import { changeMessages } from "../change.ts";

/** Faults with sends. */
export const SENDING: readonly BrokenDriver[] = [
  {
    fault: "reports a message as accepted before it is",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          async send(destination, batch, report, signal) {
            for (const index of batch.keys()) report(index);
            void link.send(destination, batch, () => {}, signal).catch(() => {});
          },
        }),
      ),
    fails: [
      "backpressure",
      "batch-partly-refused",
      "destination-removed",
      "destination-removed-with-none",
      "late-confirm-of-another",
      "none-missing-queue",
      "none-missing-topic",
      "one-refused-among-many",
      "refused-publish-rejects",
      "refused-send-keeps-its-place",
      "refused-send-rejects",
      "send-aborted-on-its-way",
      "send-awaits-acceptance",
      "send-deadline",
      "transient-send-retried",
      "unconfirmed-send-times-out",
      "verify-missing-queue",
    ],
  },
  {
    fault: "reports the results of a batch in the wrong order",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          send: (destination, batch, report, signal) =>
            link.send(destination, batch, (index, failure) => report(batch.length - 1 - index, failure), signal),
        }),
      ),
    fails: ["batch-partly-refused", "one-refused-among-many", "refused-send-keeps-its-place"],
  },
  {
    fault: "does not report that a message could not be routed",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          send: (destination, batch, report, signal) =>
            link.send(
              destination,
              batch,
              (index, failure) =>
                report(index, driver.classify(failure?.error).code === "NOT_FOUND" ? undefined : failure),
              signal,
            ),
        }),
      ),
    fails: [
      "destination-removed",
      "destination-removed-with-none",
      "none-missing-queue",
      "none-missing-topic",
      "verify-missing-queue",
    ],
  },
  {
    fault: "does not tell that no subscription gets a publish",
    make: () => (driver) => changeMessages(driver, (message) => ({ ...message, onUnrouted: undefined })),
    fails: ["routed-publish-not-told", "unrouted-after-the-last", "unrouted-publish-told"],
  },
  {
    fault: "tells of publishes that a subscription gets",
    make: () => (driver) =>
      changeMessages(driver, (message) => {
        message.onUnrouted?.();
        return { ...message, onUnrouted: undefined };
      }),
    fails: ["routed-publish-not-told", "unrouted-after-the-last"],
  },
  {
    fault: "remembers forever whether a topic had a subscription",
    make: () => (driver) => {
      const known = new Map<string, "routed" | "unrouted">();
      return changeMessages(driver, (message, { name }) => {
        const { onUnrouted } = message;
        if (onUnrouted === undefined) return message;
        const before = known.get(name);
        if (before === "unrouted") onUnrouted();
        if (before !== undefined) return { ...message, onUnrouted: undefined };
        known.set(name, "routed");
        return {
          ...message,
          onUnrouted: () => {
            known.set(name, "unrouted");
            onUnrouted();
          },
        };
      });
    },
    fails: ["routed-publish-not-told", "unrouted-after-the-last"],
  },
  {
    fault: "drops the messages of a batch beyond the first 500",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          async send(destination, batch, report, signal) {
            await link.send(destination, batch.slice(0, 500), report, signal);
            for (let index = 500; index < batch.length; index += 1) report(index);
          },
        }),
      ),
    fails: ["close-flushes-sends", "large-batch"],
  },
  {
    fault: "fails a whole batch when one of its messages is refused",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          async send(destination, batch, report, signal) {
            let refused: Parameters<typeof report>[1];
            await link.send(
              destination,
              batch,
              (_, failure) => {
                refused ??= failure;
              },
              signal,
            );
            for (const index of batch.keys()) report(index, refused);
          },
        }),
      ),
    fails: ["batch-partly-refused", "one-refused-among-many", "refused-send-keeps-its-place"],
  },
  {
    fault: "sends a batch in another order",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          send: (destination, batch, report, signal) =>
            link.send(
              destination,
              batch.toReversed(),
              (index, failure) => report(batch.length - 1 - index, failure),
              signal,
            ),
        }),
      ),
    fails: ["order-by-key", "order-in-batches", "order-while-consumers-come-and-go", "refused-send-keeps-its-place"],
  },
  {
    fault: "accepts a delay and ignores it",
    make: () => (driver) => changeMessages(driver, (message) => ({ ...message, deliverAt: undefined })),
    fails: [
      "delay",
      "delay-outlives-the-sender",
      "delayed-batch",
      "delayed-do-not-block",
      "deliver-at",
      "expired-while-delayed",
      "publish-delay",
    ],
  },
  {
    fault: "delivers delayed messages too early",
    make: () => (driver) =>
      changeMessages(driver, (message) => {
        const { deliverAt } = message;
        if (deliverAt === undefined) return message;
        return { ...message, deliverAt: Date.now() + (deliverAt - Date.now()) / 2 };
      }),
    fails: ["delay", "delay-outlives-the-sender", "delayed-batch", "deliver-at", "publish-delay"],
  },
  {
    fault: "accepts a priority and ignores it",
    make: () => (driver) => changeMessages(driver, (message) => ({ ...message, priority: undefined })),
    fails: ["default-priority", "priority", "priority-of-publish"],
  },
  {
    fault: "drops delayed messages when it closes",
    make: () => (driver) =>
      mapLinks(driver, (link) => {
        const timers = new Set<NodeJS.Timeout>();
        return overrideLink(link, {
          async send(destination, batch, report, signal) {
            const now = batch.filter(({ deliverAt }) => deliverAt === undefined);
            const indices = batch.flatMap(({ deliverAt }, index) => (deliverAt === undefined ? [index] : []));
            if (now.length > 0) {
              await link.send(destination, now, (index, failure) => report(indices[index] ?? 0, failure), signal);
            }
            for (const [index, message] of batch.entries()) {
              if (message.deliverAt === undefined) continue;
              const wait = Math.min(message.deliverAt - Date.now(), 2 ** 31 - 1);
              const late = { ...message, deliverAt: undefined };
              const sendNow = (): void =>
                void link.send(destination, [late], () => {}, new AbortController().signal).catch(() => {});
              timers.add(setTimeout(sendNow, wait));
              report(index);
            }
          },
          async close(signal) {
            for (const timer of timers) clearTimeout(timer);
            await link.close(signal);
          },
        });
      }),
    fails: ["delay-outlives-the-sender"],
  },
  {
    fault: "declares a larger body limit than the broker has",
    make: () => (driver) => withCapabilities(driver, { limits: { body: driver.capabilities.limits.body * 4 } }),
    fails: ["large-body"],
  },
  {
    fault: "declares a capability that it does not have",
    make: () => (driver) =>
      mapLinks(driver, (link) =>
        overrideLink(link, {
          deadLetters: (source) => ({
            ...link.deadLetters(source),
            count: () => Promise.reject(new Error("not possible")),
          }),
        }),
      ),
    fails: ["dead-letters-counted", "dead-letters-empty", "looking-changes-nothing"],
  },
  {
    fault: "classifies every error as not retryable",
    make: () => (driver) =>
      overrideDriver(driver, { classify: (error) => ({ ...driver.classify(error), retryable: false }) }),
    fails: [
      "connect-retries",
      "connect-timeout",
      "refused-send-keeps-its-place",
      "send-deadline",
      "transient-send-retried",
    ],
  },
];
