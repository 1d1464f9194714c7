import type { Declared, Limits } from "@anybroker/core";
import type { Driver } from "@anybroker/core/driver";
import { overrideDriver, overrideLink } from "./override.ts";

/** Capabilities and limits to declare instead of the driver's own. */
export type CapabilityChanges = Partial<Omit<Declared, "limits">> & { readonly limits?: Partial<Limits> | undefined };

/**
 * The driver with other capabilities than the server reports. Declare less to see what the core and an
 * application do on a lesser backend.
 */
export function withCapabilities<N>(driver: Driver<Declared, N>, changes: CapabilityChanges): Driver<Declared, N> {
  const { limits = {}, ...features } = changes;
  const { capabilities } = driver;
  return overrideDriver(driver, {
    capabilities: { ...capabilities, ...features, limits: { ...capabilities.limits, ...limits } },
    async connect(context, signal) {
      const link = await driver.connect(context, signal);
      const { capabilities: found } = link.server;
      const unchanged = Object.entries(found).filter(([name]) => !(name in features) && name !== "limits");
      return overrideLink(link, {
        server: {
          ...link.server,
          capabilities: { ...Object.fromEntries(unchanged), limits: { ...found.limits, ...limits } },
        },
      });
    },
  });
}
