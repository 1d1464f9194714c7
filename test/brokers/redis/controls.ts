import type { Redis, RedisUser } from "../redis.ts";
import { talk } from "./version.ts";

/** What the server can be told over a connection, whichever way it was started. */
export function controls(url: string): Pick<Redis, "call" | "alarm" | "createUser"> {
  const call: Redis["call"] = (command, ...args) => talk(url, (client) => client.call(command, ...args));
  return {
    call,
    alarm: async (on) => {
      await call("CONFIG", "SET", "maxmemory", on ? "1" : "0");
    },
    async createUser({ name, password, rules = [] }: RedisUser) {
      await call("ACL", "SETUSER", name, "reset", "on", `>${password}`, ...rules);
      const own = new URL(url);
      own.username = encodeURIComponent(name);
      own.password = encodeURIComponent(password);
      return own.href;
    },
  };
}
