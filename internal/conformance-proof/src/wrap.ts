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

/** What becomes of the settlements of a source: each is answered by a function, which may pass it on. */
export type Settle = (
  settlement: Settlement,
  pass: (settlement: Settlement) => Promise<SettleResult>,
  entity: SourceEntity,
  link: Link,
) => Promise<SettleResult>;

/** A driver whose sources settle in another way. */
export function settling(driver: Driver, settle: Settle): Driver {
  return mapLinks(driver, (link) =>
    mapSources(link, (source, entity) =>
      overrideSource(source, {
        settle: async (batch, signal) => {
          const pass = async (settlement: Settlement): Promise<SettleResult> =>
            (await source.settle([settlement], signal))[0];
          const results: SettleResult[] = [];
          for (const settlement of batch) results.push(await settle(settlement, pass, entity, link));
          return results;
        },
      }),
    ),
  );
}

/** A driver whose messages are changed on their way to the broker. */
export function sending(
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

/** A driver whose sources are others. */
export function sources(driver: Driver, change: (source: Source, entity: SourceEntity, link: Link) => Source): Driver {
  return mapLinks(driver, (link) => mapSources(link, (source, entity) => change(source, entity, link)));
}

/** A delivery of its own, with the fields of another one except for what is given. */
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
    ...changes,
  };
}

/** A driver that hands out other deliveries than it got; undefined: it keeps one to itself. */
export function receiving(
  driver: Driver,
  change: (delivery: Delivery, entity: SourceEntity, source: Source) => Delivery | undefined,
): Driver {
  return mapLinks(driver, (link) => {
    const given = new WeakMap<Delivery, Delivery>();
    const gotten = new WeakMap<Delivery, Delivery>();
    const back = (delivery: Delivery): Delivery => gotten.get(delivery) ?? delivery;
    return overrideLink(link, {
      async open(entity, options, lost, signal) {
        const source = await link.open(
          entity,
          options,
          (deliveries) => lost(deliveries.map((one) => given.get(one) ?? one)),
          signal,
        );
        const { extend } = source;
        return overrideSource(source, {
          receive: async (max, stop) =>
            (await source.receive(max, stop)).flatMap((delivery) => {
              const changed = change(delivery, entity, source);
              if (changed === undefined) return [];
              given.set(delivery, changed);
              gotten.set(changed, delivery);
              return [changed];
            }),
          settle: (batch, stop) =>
            source.settle(
              batch.map((settlement) => ({ ...settlement, delivery: back(settlement.delivery) })),
              stop,
            ),
          ...(extend === undefined
            ? {}
            : { extend: (deliveries, stop) => extend.call(source, deliveries.map(back), stop) }),
        });
      },
    });
  });
}

/** The message of a delivery as it would be sent anew. */
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

/** Sends one message and forgets about it. */
export async function toss(link: Link, destination: Destination, message: OutgoingMessage): Promise<void> {
  await link.send(destination, [message], () => {}, new AbortController().signal);
}
