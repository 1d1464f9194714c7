import { existsSync } from "node:fs";
import { join } from "node:path";
import { aptForbidden, aptInstall } from "./apt.ts";
import type { Backend, BrokerModule, Place, TestBroker, Way } from "./broker.ts";
import { dockerAnswers } from "./docker.ts";

/** Finds a server in this order: a URL in the environment, Docker, this machine, apt. */
export function brokerModule<Server extends TestBroker, Options extends object>(
  backend: Backend<Server, Options>,
): BrokerModule<Server, Options> {
  const { name, label, aptPackage, folders, program } = backend;
  const variable = `ANYBROKER_TEST_${name.toUpperCase()}`;
  const url = process.env[variable] ?? "";
  const root = process.env[`${variable}_ROOT`] ?? "";

  function findPlace(): Place | undefined {
    const programs = folders.find((folder) => existsSync(join("/", root, folder, program)));
    return programs === undefined ? undefined : { root, programs };
  }

  function findWithoutDocker(): Way {
    const place = findPlace();
    if (place !== undefined) return { by: "machine", place };
    if (root !== "") return { by: "none", reason: `No ${label} in ${variable}_ROOT (${root}).` };
    const forbidden = aptForbidden();
    if (forbidden === undefined) return { by: "install" };
    const reason = `No ${label}: set ${variable} to a URL, start Docker, or install ${aptPackage} (${forbidden}).`;
    return { by: "none", reason };
  }

  async function find(): Promise<Way> {
    if (url !== "") return { by: "url", url };
    if (root !== "") return findWithoutDocker();
    return (await dockerAnswers()) ? { by: "docker" } : findWithoutDocker();
  }

  async function startBy(way: Way, options: Options): Promise<Server> {
    switch (way.by) {
      case "url":
        return backend.atUrl(way.url);
      case "machine":
        return backend.onMachine(way.place, options);
      case "install":
        await aptInstall(aptPackage);
        return startBy(findWithoutDocker(), options);
      case "docker":
        return startInDocker(options);
      case "none":
        throw new Error(way.reason);
    }
  }

  // An engine may answer and still not have the image, for example without a network.
  async function startInDocker(options: Options): Promise<Server> {
    try {
      return await backend.inDocker(options);
    } catch (error) {
      const way = findWithoutDocker();
      if (way.by === "none") throw error;
      console.warn(`${label} did not start in Docker: ${String(error)}`);
      return startBy(way, options);
    }
  }

  return { name, label, find, start: async (options) => startBy(await find(), options) };
}
