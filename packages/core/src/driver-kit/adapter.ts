import type { Adapter, AdapterConfig, Driver } from "../contract/driver.ts";

/** Creates the `adapter` export of a package from its factory. */
export function adapterOf<Options extends { readonly url: string }>(
  name: string,
  schemes: readonly string[],
  factory: (options: Options) => Driver,
): Adapter {
  return {
    name,
    schemes,
    // The cast is true: a factory checks the name and the kind of every option.
    driver: (config: AdapterConfig) => factory(config as unknown as Options),
  };
}
