import type { Declared } from "@anybroker/core";
import type { Delivery, Driver, Link, LinkContext, OpenOptions, Source, SourceEntity } from "@anybroker/core/driver";

/** The replacements of {@link overrideDriver}. */
export type DriverOverrides<C extends Declared, N> = Partial<
  Pick<Driver<C, N>, "capabilities" | "connect" | "classify">
>;

/** A driver that uses the overrides, and the given driver for the rest. */
export function overrideDriver<C extends Declared, N>(
  driver: Driver<C, N>,
  overrides: DriverOverrides<C, N>,
): Driver<C, N> {
  return {
    contract: driver.contract,
    name: driver.name,
    address: driver.address,
    capabilities: overrides.capabilities ?? driver.capabilities,
    notesExposed: driver.notesExposed,
    connect:
      overrides.connect ??
      ((context: LinkContext, signal: AbortSignal): Promise<Link<N>> => driver.connect(context, signal)),
    classify: overrides.classify ?? ((error: unknown): ReturnType<Driver["classify"]> => driver.classify(error)),
  };
}

/** A driver that passes each link that it opens through the function. */
export function mapLinks<C extends Declared, N>(
  driver: Driver<C, N>,
  change: (link: Link<N>) => Link<N>,
): Driver<C, N> {
  return overrideDriver(driver, {
    connect: async (context, signal) => change(await driver.connect(context, signal)),
  });
}

/** A link that uses the overrides, and the given link for the rest. */
export function overrideLink<N>(link: Link<N>, overrides: Partial<Link<N>>): Link<N> {
  const remove = overrides.remove ?? link.remove?.bind(link);
  const purge = overrides.purge ?? link.purge?.bind(link);
  return {
    server: overrides.server ?? link.server,
    native: link.native,
    lost: overrides.lost ?? link.lost,
    window: overrides.window ?? link.window,
    declare: overrides.declare ?? ((entities, mode, signal) => link.declare(entities, mode, signal)),
    send: overrides.send ?? ((destination, batch, report, signal) => link.send(destination, batch, report, signal)),
    open: overrides.open ?? ((source, options, lost, signal) => link.open(source, options, lost, signal)),
    stats: overrides.stats ?? ((source, signal) => link.stats(source, signal)),
    deadLetters: overrides.deadLetters ?? ((source) => link.deadLetters(source)),
    remove,
    purge,
    health: overrides.health ?? ((signal) => link.health(signal)),
    close: overrides.close ?? ((signal) => link.close(signal)),
  };
}

/** A link that passes each source that it opens through the function. */
export function mapSources<N>(link: Link<N>, change: (source: Source, entity: SourceEntity) => Source): Link<N> {
  return overrideLink(link, {
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

/** A source that uses the overrides, and the given source for the rest. */
export function overrideSource(source: Source, overrides: Partial<Source>): Source {
  return {
    lost: overrides.lost ?? source.lost,
    returns: overrides.returns ?? source.returns,
    batches: overrides.batches ?? source.batches,
    storedFilter: overrides.storedFilter ?? source.storedFilter,
    receive: overrides.receive ?? ((max, signal) => source.receive(max, signal)),
    settle: overrides.settle ?? ((batch, signal) => source.settle(batch, signal)),
    extend: overrides.extend ?? source.extend?.bind(source),
    flush: overrides.flush ?? source.flush?.bind(source),
    identify: overrides.identify ?? source.identify?.bind(source),
    keepProgress: overrides.keepProgress ?? source.keepProgress?.bind(source),
    pause: overrides.pause ?? ((signal) => source.pause(signal)),
    resume: overrides.resume ?? ((signal) => source.resume(signal)),
    close: overrides.close ?? ((signal) => source.close(signal)),
  };
}
