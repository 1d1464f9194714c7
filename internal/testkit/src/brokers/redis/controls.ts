import type { Redis, RedisUser } from "../redis.ts";
import { talk } from "./version.ts";

/** What the server can be told over a connection, whichever way it was started. */
export function controls(url: string): Pick<Redis, "call" | "alarm" | "createUser" | "restricted"> {
  const call: Redis["call"] = (command, ...args) => talk(url, (client) => client.call(command, ...args));
  async function createUser({ name, password, rules = [] }: RedisUser): Promise<string> {
    await call("ACL", "SETUSER", name, "reset", "on", `>${password}`, ...rules);
    const own = new URL(url);
    own.username = encodeURIComponent(name);
    own.password = encodeURIComponent(password);
    return own.href;
  }
  return {
    call,
    alarm: async (on) => {
      await call("CONFIG", "SET", "maxmemory", on ? "1" : "0");
    },
    createUser,
    // Groups are what is created: a stream comes with its first entry.
    restricted: () =>
      createUser({
        name: "restricted",
        password: "restricted",
        rules: ["~*", "+@all", "-@admin", "-xgroup", "+xgroup|delconsumer"],
      }),
  };
}
