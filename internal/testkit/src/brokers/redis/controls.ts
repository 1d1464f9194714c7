import type { Redis, RedisUser } from "./server.ts";
import { talk } from "./version.ts";

/** The controls that need only a connection, and so work in every way. */
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
    // A driver creates only groups, because a stream comes into being with its first entry. It deletes keys with UNLINK.
    restricted: () =>
      createUser({
        name: "restricted",
        password: "restricted",
        rules: ["~*", "+@all", "-@admin", "-xgroup", "+xgroup|delconsumer", "-unlink"],
      }),
  };
}
