import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { aptForbidden, aptLocked } from "../../src/brokers/apt.ts";

const run = promisify(execFile);

test("while one installs no other does, and the next may when it has failed", async (context) => {
  const forbidden = aptForbidden();
  if (forbidden !== undefined) context.skip(forbidden);
  const installing = aptLocked(async () => {
    await expect(run("flock", ["--nonblock", "/var/lib/dpkg", "true"])).rejects.toMatchObject({ code: 1 });
    throw new Error("it failed");
  });
  await expect(installing).rejects.toThrow("it failed");
  await aptLocked(async () => {});
});
