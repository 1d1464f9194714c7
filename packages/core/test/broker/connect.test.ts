import { connect } from "@anybroker/core";
import { expect, test } from "vitest";

test.each([
  ["", "the target is empty"],
  ["orders", "does not begin with a scheme"],
  ["nowhere://host", 'unknown scheme "nowhere"'],
  ["constructor://host", 'unknown scheme "constructor"'],
])("the URL %j is refused: %s", async (url, message) => {
  const drivers = { mine: () => Promise.reject(new Error("must not be loaded")) };
  await expect(connect(url, { drivers })).rejects.toMatchObject({
    code: "INVALID_CONFIG",
    message: expect.stringContaining(message),
  });
});
