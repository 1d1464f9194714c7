import { Redis } from "ioredis";

/** Runs commands on a connection of their own. */
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

/** Connects and returns the server's version. Throws while the server is loading its data or waits for its cluster. */
export function versionAt(url: string): Promise<string> {
  return talk(url, async (client) => {
    await client.ping();
    const server = await client.info("server");
    return /^(?:valkey)_version:(\S+)/m.exec(server)?.[1] ?? /^redis_version:(\S+)/m.exec(server)?.[1] ?? "";
  });
}
