import { inspect } from "node:util";
import { connect } from "@anybroker/core";
import { expect, test } from "vitest";
import { PLANNED } from "../../src/broker/adapters.ts";

test.each([
  ["", "the target is empty"],
  ["orders", "does not begin with a scheme"],
  ["nowhere://host", 'unknown scheme "nowhere"'],
  ["constructor://host", 'unknown scheme "constructor"'],
  ["nowhere:host", "does not begin with a known scheme; known ones: memory, "],
  ["hunter2=", "does not begin with a known scheme; known ones: memory, "],
])("the URL %j is refused: %s", async (url, message) => {
  const drivers = { mine: () => Promise.reject(new Error("must not be loaded")) };
  await expect(connect(url, { drivers })).rejects.toMatchObject({
    code: "INVALID_CONFIG",
    message: expect.stringContaining(message),
  });
});

test.each(["hunter2:x@host", "hunter2=", "user:hunter2@host", ":hunter2@host", "//user:hunter2@host", "hunter2@host"])(
  "a URL without its scheme is refused, and nothing of it is shown: %s",
  async (url) => {
    const error: unknown = await connect(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "INVALID_CONFIG" });
    expect(inspect(error)).not.toMatch(/hunter2|user/);
  },
);

test.each(PLANNED)("an adapter for %s, which does not exist yet, is not named to be installed", async (scheme) => {
  const message = expect.stringMatching(new RegExp(`^there is no adapter for ${scheme} yet: (?!.*npm install)`));
  await expect(connect(`${scheme}://host`)).rejects.toMatchObject({ code: "ADAPTER_MISSING", message });
});
