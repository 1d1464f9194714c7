import { request } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";

/** Whether a Docker engine runs. Quick, because most machines without one have no socket at all. */
export async function dockerRuns(): Promise<boolean> {
  const host = process.env.DOCKER_HOST;
  if (host !== undefined && host !== "") return pings(host);
  const sockets = ["/var/run/docker.sock", join(homedir(), ".docker/run/docker.sock")];
  const runtime = process.env.XDG_RUNTIME_DIR;
  if (runtime !== undefined) sockets.push(join(runtime, "docker.sock"));
  const found = await Promise.all(sockets.map((path) => pings(`unix://${path}`)));
  return found.includes(true);
}

function pings(host: string): Promise<boolean> {
  const url = new URL(host);
  const target =
    url.protocol === "unix:" ? { socketPath: url.pathname } : { host: url.hostname, port: Number(url.port || 2375) };
  return new Promise((resolve) => {
    const ping = request({ ...target, path: "/_ping", timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on("timeout", () => ping.destroy());
    ping.on("error", () => resolve(false));
    ping.end();
  });
}
