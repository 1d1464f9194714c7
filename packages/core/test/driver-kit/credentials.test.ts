import { expect, test } from "vitest";
import { passwordOf, usernameOf } from "../../src/driver-kit/credentials.ts";
import { parseUrl } from "../../src/driver-kit/url.ts";

const live = new AbortController().signal;
const address = parseUrl("broker://ada:secret@host", {});
const anonymous = parseUrl("broker://host", {});

test("user and password come from the URL, unless an option replaces them", async () => {
  expect(usernameOf({}, address)).toBe("ada");
  expect(usernameOf({ username: "bob" }, address)).toBe("bob");
  expect(usernameOf({}, anonymous)).toBeUndefined();
  expect(await passwordOf({}, address, live)).toBe("secret");
  expect(await passwordOf({ password: "other" }, address, live)).toBe("other");
  expect(await passwordOf({}, anonymous, live)).toBeUndefined();
});

test("a password that is a function is asked for at each connect", async () => {
  let calls = 0;
  const password = (): string => {
    calls += 1;
    return `token ${calls}`;
  };
  expect(await passwordOf({ password }, address, live)).toBe("token 1");
  expect(await passwordOf({ password: async () => password() }, address, live)).toBe("token 2");
});

test("a password that is not supplied in time ends with the signal", async () => {
  const abort = new AbortController();
  const waiting = passwordOf({ password: () => new Promise(() => {}) }, address, abort.signal);
  abort.abort(new Error("too slow"));
  await expect(waiting).rejects.toThrow("too slow");
});
