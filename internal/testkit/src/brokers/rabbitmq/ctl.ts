import type { Rabbitmq, RabbitmqUser } from "./server.ts";

type Ctl = Rabbitmq["ctl"];

/** The controls that need only `rabbitmqctl`, and so work in every way but by URL. */
export function controls(
  url: string,
  ctl: Ctl,
): Pick<Rabbitmq, "ctl" | "alarm" | "persist" | "createUser" | "restricted"> {
  async function createUser({ name, password, permissions = {} }: RabbitmqUser): Promise<string> {
    const { configure = "", write = "", read = "" } = permissions;
    await ctl("add_user", name, password);
    await ctl("set_permissions", "-p", "/", name, configure, write, read);
    const own = new URL(url);
    own.username = encodeURIComponent(name);
    own.password = encodeURIComponent(password);
    return own.href;
  }
  return {
    ctl,
    restricted: () =>
      createUser({ name: "restricted", password: "restricted", permissions: { write: ".*", read: ".*" } }),
    alarm: async (on) => {
      await ctl("set_vm_memory_high_watermark", on ? "0" : "0.4");
    },
    persist: async () => {
      await ctl("eval", "[dets:sync(Table) || Table <- dets:all()].");
    },
    createUser,
  };
}
