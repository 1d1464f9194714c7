import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { aptForbidden } from "./apt.ts";
import type { BrokerModule, NoWay, Place, Program, Recipe, TestBroker, Way } from "./broker.ts";
import { dockerRuns } from "./docker.ts";
import { provision } from "./provision.ts";

/** Programs that tests of every backend run. */
const TOOLS: readonly Program[] = [
  { name: "openssl", aptPackage: "openssl" },
  { name: "ps", aptPackage: "procps" },
];

const onPath = ({ name }: Program): boolean =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));

/** Finds a server in this order: a URL in the environment, Docker, this machine. */
export function brokerModule<Server extends TestBroker, Options extends object>(
  recipe: Recipe<Server, Options>,
): BrokerModule<Server, Options> {
  const { name, label, program } = recipe;
  const variable = `ANYBROKER_TEST_${name.toUpperCase()}`;
  const url = process.env[variable] ?? "";
  const root = process.env[`${variable}_ROOT`] ?? "";

  function none(reason: string, packages: readonly string[] = []): NoWay {
    return { by: "none", reason: `No ${label}: ${reason}.`, packages };
  }

  function lacking(missing: readonly Program[]): NoWay {
    const packages = missing.map(({ aptPackage }) => aptPackage);
    const forbidden = aptForbidden();
    if (forbidden === undefined) return none(`${packages.join(", ")} must be installed`, packages);
    return none(`set ${variable} to a URL, start Docker, or install ${packages.join(", ")} (${forbidden})`);
  }

  function findPlace(): Place | undefined {
    const programs = program.folders.find((folder) => existsSync(join("/", root, folder, program.name)));
    return programs === undefined ? undefined : { root, programs };
  }

  function findOnMachine(): Way {
    const place = findPlace();
    if (place === undefined && root !== "") return none(`${root} (${variable}_ROOT) does not have ${program.name}`);
    const missing = [...TOOLS, ...(recipe.further?.() ?? [])].filter((one) => !onPath(one));
    if (place === undefined) return lacking([program, ...missing]);
    return missing.length > 0 ? lacking(missing) : { by: "machine", place };
  }

  async function find(): Promise<Way> {
    if (process.env.ANYBROKER_TEST_SERVERS === "none") return none("ANYBROKER_TEST_SERVERS=none forbids all servers");
    if (url !== "") return { by: "url", url };
    if (root !== "" || !(await dockerRuns())) return findOnMachine();
    const missing = TOOLS.filter((one) => !onPath(one));
    return missing.length > 0 ? lacking(missing) : { by: "docker" };
  }

  async function startBy(find: () => Promise<Way>, options: Options): Promise<Server> {
    await provision([{ find }]);
    const way = await find();
    switch (way.by) {
      case "url":
        return recipe.atUrl(way.url);
      case "machine":
        return recipe.onMachine(way.place, options);
      case "docker":
        return startInDocker(options);
      case "none":
        throw new Error(way.reason);
    }
  }

  // The engine may be unable to fetch the image, for example without a network.
  async function startInDocker(options: Options): Promise<Server> {
    try {
      return await recipe.inDocker(options);
    } catch (error) {
      const way = findOnMachine();
      if (way.by === "none" && way.packages.length === 0) throw error;
      console.warn(`${label} did not start in Docker: ${String(error)}`);
      return startBy(async () => findOnMachine(), options);
    }
  }

  return { name, label, find, start: (options) => startBy(find, options) };
}
