import type { Declared } from "@anybroker/core";
import type { Delivery, Driver, Link, LinkContext, OpenOptions, Source, SourceEntity } from "@anybroker/core/driver";

/** A driver that does as another one, except for what is given. */
export function delegateDriver<N>(
  driver: Driver<Declared, N>,
  changes: { readonly capabilities?: Declared; readonly connect?: Driver<Declared, N>["connect"] } & Partial<
    Pick<Driver, "classify">
  >,
): Driver<Declared, N> {
  return {
    contract: driver.contract,
    name: driver.name,
    address: driver.address,
    capabilities: changes.capabilities ?? driver.capabilities,
    connect:
      changes.connect ??
      ((context: LinkContext, signal: AbortSignal): Promise<Link<N>> => driver.connect(context, signal)),
    classify: changes.classify ?? ((error: unknown): ReturnType<Driver["classify"]> => driver.classify(error)),
  };
}

/** A driver each of whose links goes through a function. */
export function delegateLinks(driver: Driver, change: (link: Link) => Link): Driver {
  return delegateDriver(driver, {
    connect: async (context, signal) => change(await driver.connect(context, signal)),
  });
}

/** A link that does as another one, except for what is given. */
export function delegateLink(link: Link, changes: Partial<Link>): Link {
  return {
    server: changes.server ?? link.server,
    native: link.native,
    lost: changes.lost ?? link.lost,
    window: changes.window ?? link.window,
    declare: changes.declare ?? ((entities, mode, signal) => link.declare(entities, mode, signal)),
    send: changes.send ?? ((destination, batch, report, signal) => link.send(destination, batch, report, signal)),
    open: changes.open ?? ((source, options, lost, signal) => link.open(source, options, lost, signal)),
    stats: changes.stats ?? ((source, signal) => link.stats(source, signal)),
    deadLetters: changes.deadLetters ?? ((source) => link.deadLetters(source)),
    health: changes.health ?? ((signal) => link.health(signal)),
    close: changes.close ?? ((signal) => link.close(signal)),
  };
}

/** A link each of whose sources goes through a function. */
export function delegateSources(link: Link, change: (source: Source, entity: SourceEntity) => Source): Link {
  return delegateLink(link, {
    async open(
      entity: SourceEntity,
      options: OpenOptions,
      lost: (deliveries: readonly Delivery[]) => void,
      signal: AbortSignal,
    ): Promise<Source> {
      return change(await link.open(entity, options, lost, signal), entity);
    },
  });
}

/** A source that does as another one, except for what is given. */
export function delegateSource(source: Source, changes: Partial<Source>): Source {
  const { batches } = changes.batches === undefined ? source : changes;
  const extend = changes.extend ?? source.extend?.bind(source);
  const resize = changes.resize ?? source.resize?.bind(source);
  return {
    lost: changes.lost ?? source.lost,
    returns: changes.returns ?? source.returns,
    ...(batches === undefined ? {} : { batches }),
    receive: changes.receive ?? ((max, signal) => source.receive(max, signal)),
    settle: changes.settle ?? ((batch, signal) => source.settle(batch, signal)),
    ...(extend === undefined ? {} : { extend }),
    ...(resize === undefined ? {} : { resize }),
    pause: changes.pause ?? ((signal) => source.pause(signal)),
    resume: changes.resume ?? ((signal) => source.resume(signal)),
    close: changes.close ?? ((signal) => source.close(signal)),
  };
}
