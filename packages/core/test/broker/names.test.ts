import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalName, checkName, checkSubscriptionName } from "../../src/broker/names.ts";

const LIMITS = { nameMin: 1, nameMax: 100 };

describe("the name of a queue or topic", () => {
  test.each(["a", "orders", "orders.eu-1", "A_b-c.D9", "dlqs", "delayed.retrying", "amqueue", "a..b", "x".repeat(100)])(
    "can be %s",
    (name) => expect(() => checkName("queue", name, LIMITS)).not.toThrow(),
  );

  test.each([
    ["", "1 to 100 characters, not 0"],
    ["x".repeat(101), "1 to 100 characters, not 101"],
    ["1st", "starts with a letter"],
    [".orders", "starts with a letter"],
    ["orders.", "ends with a letter or digit"],
    ["orders-", "ends with a letter or digit"],
    ["or ders", "holds letters, digits"],
    ["orders/eu", "holds letters, digits"],
    ["{orders}", "holds letters, digits"],
    ["börse", "holds letters, digits"],
    ["orders\n", "holds letters, digits"],
    ["dlq", "reserved"],
    ["orders.dlq", "reserved"],
    ["orders.sub.mail", "reserved"],
    ["retry.orders", "reserved"],
    ["orders.delay.250", "reserved"],
    ["orders.part.1", "reserved"],
    ["google", "reserved"],
    ["Google", "reserved"],
    ["amq.orders", "reserved"],
    ["AMQ.orders", "reserved"],
  ])("cannot be %j: %s", (name, rule) => {
    expect(() => checkName("queue", name, LIMITS)).toThrow(TypeError);
    expect(() => checkName("queue", name, LIMITS)).toThrow(rule);
  });

  test.each([
    ["1st", 'it starts with "1"'],
    ["orders-", 'it ends with "-"'],
    ["or ders", '" " at position 3 is not allowed'],
    ["orders/eu", '"/" at position 7 is not allowed'],
    ["börse", '"ö" at position 2 is not allowed'],
    ["a😀", '"😀" at position 2 is not allowed'],
    ["orders\n", '"\\n" at position 7 is not allowed'],
    ["orders.dlq", '"dlq" is reserved'],
    ["amq.orders", 'it begins with "amq."'],
  ])("is refused with what is wrong in it: %j, because %s", (name, fault) => {
    expect(() => checkName("queue", name, LIMITS)).toThrow(`queue ${JSON.stringify(name)}: ${fault}; a name starts`);
  });

  test("has a length within the limits of the broker", () => {
    const limits = { nameMin: 3, nameMax: 5 };
    expect(() => checkName("topic", "ab", limits)).toThrow(/topic "ab": the name must have 3 to 5 characters, not 2/);
    expect(() => checkName("topic", "abcdef", limits)).toThrow(/3 to 5 characters, not 6/);
    for (const name of ["abc", "abcde"]) expect(() => checkName("topic", name, limits)).not.toThrow();
  });

  test("is a string", () => {
    // The cast is the point: what JavaScript could pass.
    expect(() => checkName("queue", 7 as unknown as string, LIMITS)).toThrow("must be a string, not number");
  });
});

describe("the name of a subscription", () => {
  test.each(["a", "mail", "welcome-mail_2", "amq", "google", "x".repeat(50)])("can be %s", (name) => {
    expect(() => checkSubscriptionName(name)).not.toThrow();
  });

  test.each(["", "x".repeat(51), "1st", "mail-", "mail.eu", "ma il", "dlq", "sub", "retry", "delay", "part"])(
    "cannot be %j",
    (name) => expect(() => checkSubscriptionName(name)).toThrow(TypeError),
  );

  test.each([
    ["", "it is empty"],
    ["x".repeat(51), "it has 51 characters"],
    ["mail.eu", '"." at position 5 is not allowed'],
    ["mail-", 'it ends with "-"'],
    ["dlq", '"dlq" is reserved'],
  ])("is refused with what is wrong in it: %j, because %s", (name, fault) => {
    expect(() => checkSubscriptionName(name)).toThrow(`subscription ${JSON.stringify(name)}: ${fault}; a name has`);
  });
});

describe("two names that one broker may take for the same", () => {
  test.each([
    ["orders", "Orders"],
    ["orders.eu", "orders_eu"],
    ["Orders.EU", "orders_eu"],
  ])("%s and %s have one canonical name", (one, other) => expect(canonicalName(one)).toBe(canonicalName(other)));

  test.each([
    ["orders", "order"],
    ["orders-eu", "orders_eu"],
  ])("%s and %s have two", (one, other) => expect(canonicalName(one)).not.toBe(canonicalName(other)));

  test("a canonical name is canonical", () => {
    fc.assert(fc.property(fc.string(), (name) => canonicalName(canonicalName(name)) === canonicalName(name)));
  });
});
