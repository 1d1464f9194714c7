import type { Declared, Limits } from "@anybroker/core";
import type { Driver } from "@anybroker/core/driver";
import { delegateDriver, delegateLink } from "./delegate.ts";

/** What a masked driver is made to declare. */
export type Mask = Partial<Omit<Declared, "limits">> & { readonly limits?: Partial<Limits> };

/** The driver, declaring something else than it can do: so is shown what the core makes of a lesser backend. */
export function mask(driver: Driver, changes: Mask): Driver {
  const { limits = {}, ...rest } = changes;
  const { capabilities } = driver;
  return delegateDriver(driver, {
    capabilities: { ...capabilities, ...rest, limits: { ...capabilities.limits, ...limits } },
    async connect(context, signal) {
      const link = await driver.connect(context, signal);
      const found = Object.entries(link.server.capabilities).filter(([name]) => !(name in rest) && name !== "limits");
      return delegateLink(link, {
        server: {
          ...link.server,
          capabilities: { ...Object.fromEntries(found), limits: { ...link.server.capabilities.limits, ...limits } },
        },
      });
    },
  });
}
