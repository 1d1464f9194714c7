import { Redis } from "ioredis";

/** Runs commands on a connection that ends with them. */
export async function talk<T>(url: string, say: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url.replace(/,[^/?]*/, ""), {
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 5000,
  });
  let reason: unknown;
  client.on("error", (error) => {
    reason ??= error;
  });
  try {
    await client.connect();
    return await say(client);
  } catch (error) {
    throw reason ?? error;
  } finally {
    client.disconnect();
  }
}

/** Connects, and returns the version that the server says it has; throws while it is loading or part of no cluster. */
export function versionAt(url: string): Promise<string> {
  return talk(url, async (client) => {
    await client.ping();
    const server = await client.info("server");
    return /^(?:valkey)_version:(\S+)/m.exec(server)?.[1] ?? /^redis_version:(\S+)/m.exec(server)?.[1] ?? "";
  });
}
