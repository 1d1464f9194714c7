import { mapLinks, overrideLink } from "@anybroker/conformance";
import type { Driver, Entity, Link } from "@anybroker/core/driver";
import type { BrokenDriver } from "../broken-driver.ts";

type Call = NonNullable<Link["remove"]>;

/** Replaces methods. The originals are those of the embedded broker, which has both. */
function removal(
  driver: Driver,
  change: (link: Link, remove: Call, purge: Call) => Partial<Pick<Link, "remove" | "purge">>,
): Driver {
  const none: Call = () => Promise.reject(new Error("the driver has no such method"));
  return mapLinks(driver, (link) =>
    overrideLink(link, change(link, link.remove?.bind(link) ?? none, link.purge?.bind(link) ?? none)),
  );
}

/** The whole topic in place of a subscription. */
const widened = (entities: readonly Entity[]): readonly Entity[] =>
  entities.map((entity) => (entity.kind === "subscription" ? entity.topic : entity));

/** Faults in taking things away. */
export const REMOVAL: readonly BrokenDriver[] = [
  {
    fault: "purges what it should delete",
    make: () => (driver) => removal(driver, (_, __, purge) => ({ remove: purge })),
    fails: [
      "delete-ordered-queue",
      "delete-queue",
      "delete-stays-deleted",
      "delete-subscription",
      "delete-topic",
      "delete-topic-with-subscriptions",
      "delete-under-consumer",
      "delete-what-is-missing",
      "filter-deleted",
      "removal-retried",
    ],
  },
  {
    fault: "deletes the whole topic in place of a subscription",
    make: () => (driver) =>
      removal(driver, (_, remove) => ({ remove: (entities, signal) => remove(widened(entities), signal) })),
    fails: ["delete-subscription"],
  },
  {
    fault: "refuses to delete what does not exist",
    make: () => (driver) =>
      removal(driver, (link, remove) => ({
        async remove(entities, signal) {
          await link.declare(entities, "verify", signal);
          await remove(entities, signal);
        },
      })),
    fails: ["delete-what-is-missing"],
  },
  {
    fault: "deletes and creates again what it should purge",
    make: () => (driver) =>
      removal(driver, (link, remove) => ({
        async purge(entities, signal) {
          await remove(entities, signal);
          await link.declare(entities, "create", signal);
        },
      })),
    fails: [
      "purge-keeps-retained",
      "purge-queue",
      "purge-subscription",
      "purge-topic",
      "purge-under-consumer",
      "purge-what-is-missing",
    ],
  },
  {
    fault: "purges the whole topic in place of a subscription",
    make: () => (driver) =>
      removal(driver, (_, __, purge) => ({ purge: (entities, signal) => purge(widened(entities), signal) })),
    fails: ["purge-subscription"],
  },
  {
    fault: "purges nothing",
    make: () => (driver) => removal(driver, () => ({ purge: () => Promise.resolve() })),
    fails: [
      "purge-keeps-retained",
      "purge-ordered-queue",
      "purge-queue",
      "purge-subscription",
      "purge-topic",
      "purge-under-consumer",
    ],
  },
];
