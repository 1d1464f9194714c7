import { mapLinks, mapSources, overrideLink, overrideSource } from "@anybroker/conformance";
import type {
  Delivery,
  Destination,
  Driver,
  Link,
  OutgoingMessage,
  Settlement,
  SettleResult,
  Source,
  SourceEntity,
} from "@anybroker/core/driver";

/** Replaces one settlement. `pass` applies a settlement to the real source. */
export type ChangeSettlement = (
  settlement: Settlement,
  pass: (settlement: Settlement) => Promise<SettleResult>,
  entity: SourceEntity,
  link: Link,
) => Promise<SettleResult>;

/** The driver with other settlements. */
export function changeSettlements(driver: Driver, change: ChangeSettlement): Driver {
  return mapLinks(driver, (link) =>
    mapSources(link, (source, entity) =>
      overrideSource(source, {
        settle: async (batch, signal) => {
          const pass = async (settlement: Settlement): Promise<SettleResult> =>
            (await source.settle([settlement], signal))[0];
          const results: SettleResult[] = [];
          for (const settlement of batch) results.push(await change(settlement, pass, entity, link));
          return results;
        },
      }),
    ),
  );
}

/** The driver with other messages in its sends. */
export function changeMessages(
  driver: Driver,
  change: (message: OutgoingMessage, destination: Destination) => OutgoingMessage,
): Driver {
  return mapLinks(driver, (link) =>
    overrideLink(link, {
      send: (destination, batch, report, signal) =>
        link.send(
          destination,
          batch.map((message) => change(message, destination)),
          report,
          signal,
        ),
    }),
  );
}

/** The driver with other sources. */
export function changeSources(
  driver: Driver,
  change: (source: Source, entity: SourceEntity, link: Link) => Source,
): Driver {
  return mapLinks(driver, (link) => mapSources(link, (source, entity) => change(source, entity, link)));
}

/** A new delivery with the fields of another one and the given changes. */
export function copyOf(delivery: Delivery, changes: Partial<Delivery>): Delivery {
  return {
    body: delivery.body,
    id: delivery.id,
    contentType: delivery.contentType,
    headers: delivery.headers,
    key: delivery.key,
    type: delivery.type,
    correlationId: delivery.correlationId,
    replyTo: delivery.replyTo,
    sentAt: delivery.sentAt,
    position: delivery.position,
    deliveries: delivery.deliveries,
    leaseUntil: delivery.leaseUntil,
    native: delivery.native,
    progress: delivery.progress,
    ...changes,
  };
}

/** The driver with other deliveries. `change` returns undefined to withhold a delivery. */
export function changeDeliveries(
  driver: Driver,
  change: (delivery: Delivery, entity: SourceEntity, source: Source) => Delivery | undefined,
): Driver {
  return mapLinks(driver, (link) => {
    const changedOf = new WeakMap<Delivery, Delivery>();
    const originalOf = new WeakMap<Delivery, Delivery>();
    const original = (delivery: Delivery): Delivery => originalOf.get(delivery) ?? delivery;
    return overrideLink(link, {
      async open(entity, options, lost, signal) {
        const source = await link.open(
          entity,
          options,
          (deliveries) => lost(deliveries.map((one) => changedOf.get(one) ?? one)),
          signal,
        );
        const { extend, identify, keepProgress } = source;
        return overrideSource(source, {
          receive: async (max, stop) =>
            (await source.receive(max, stop)).flatMap((delivery) => {
              const changed = change(delivery, entity, source);
              if (changed === undefined) return [];
              changedOf.set(delivery, changed);
              originalOf.set(changed, delivery);
              return [changed];
            }),
          settle: (batch, stop) =>
            source.settle(
              batch.map((settlement) => ({ ...settlement, delivery: original(settlement.delivery) })),
              stop,
            ),
          ...(extend === undefined
            ? {}
            : { extend: (deliveries, stop) => extend.call(source, deliveries.map(original), stop) }),
          ...(identify === undefined
            ? {}
            : { identify: (delivery, isGone) => identify.call(source, original(delivery), isGone) }),
          ...(keepProgress === undefined
            ? {}
            : {
                keepProgress: (delivery, progress, stop) =>
                  keepProgress.call(source, original(delivery), progress, stop),
              }),
        });
      },
    });
  });
}

/** The message of a delivery, to be sent again. */
export function asOutgoing(delivery: Delivery, changes: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    id: delivery.id ?? "none",
    body: delivery.body,
    contentType: delivery.contentType,
    headers: delivery.headers,
    key: delivery.key,
    type: delivery.type,
    correlationId: delivery.correlationId,
    replyTo: delivery.replyTo,
    sentAt: delivery.sentAt ?? 0,
    deliverAt: undefined,
    priority: undefined,
    ...changes,
  };
}

/** Sends one message and ignores the outcome. */
export async function sendOne(link: Link, destination: Destination, message: OutgoingMessage): Promise<void> {
  await link.send(destination, [message], () => {}, new AbortController().signal);
}
