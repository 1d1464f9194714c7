import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { ADAPTERS, type Adapter, BrokerError } from "@anybroker/core";

/** Finds the adapter for a URL by its scheme, in the packages of the working directory. */
export async function findAdapter(url: string): Promise<Adapter> {
  const scheme = /^([a-z][a-z0-9+.-]*)[:=]/i.exec(url)?.[1]?.toLowerCase() ?? "";
  const name = Object.hasOwn(ADAPTERS, scheme) ? ADAPTERS[scheme] : undefined;
  if (name === undefined) {
    const known = Object.keys(ADAPTERS).join(", ");
    // Without its slashes it may be a user or a password instead.
    const what = url.startsWith("://", scheme.length) ? `unknown scheme ${JSON.stringify(scheme)}` : "no known scheme";
    throw new BrokerError("INVALID_CONFIG", `${what}; known schemes: ${known}`);
  }
  const module: unknown = await import(locate(name)).catch((error: unknown) => {
    throw new BrokerError("ADAPTER_MISSING", `${name} cannot be loaded: run \`npm install ${name}\``, { cause: error });
  });
  if (typeof module !== "object" || module === null || !("adapter" in module)) {
    throw new BrokerError("INTERNAL", `package ${name} exports no adapter`);
  }
  // The cast is true of every package that ADAPTERS names.
  return module.adapter as Adapter;
}

/** The place of the package as seen from the working directory, else its name as seen from this package. */
function locate(name: string): string {
  try {
    return pathToFileURL(createRequire(path.join(process.cwd(), "index.js")).resolve(name)).href;
  } catch {
    return name;
  }
}
