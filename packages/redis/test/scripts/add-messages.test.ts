import { expect, test } from "vitest";
import { MessageList } from "../../src/scripts/add-messages.ts";

test("messages in a row with the same target, delay and number of fields are one run", () => {
  const messages = new MessageList();
  const add = (target: number, delay: number, ...fields: readonly string[]): void => {
    messages.fields.push(...fields);
    messages.endMessage(target, delay);
  };
  add(0, 0, "d", "a");
  add(0, 0, "d", "b");
  expect(messages.delayed).toBe(false);
  add(0, 500, "d", "c");
  add(1, 0, "d", "d");
  add(1, 0, "d", "e", "k", "key");
  expect(messages.fields).toEqual(["d", "a", "d", "b", "d", "c", "d", "d", "d", "e", "k", "key"]);
  // Target (from 1), delay, names and values, messages.
  expect(messages.runs).toEqual([...[1, 0, 2, 2], ...[1, 500, 2, 1], ...[2, 0, 2, 1], ...[2, 0, 4, 1]]);
  expect(messages.delayed).toBe(true);
});
