import { expect, onTestFinished } from "vitest";

// One set for each test file, because each file runs in a process of its own.
const expectations = new Set<{ readonly text: string; readonly heard: Error[] }>();

/**
 * Expects process warnings that contain this text from the current test, and returns those that have come so far. The
 * test fails if none comes.
 */
export function expectWarning(text: string): readonly Error[] {
  const expectation = { text, heard: [] };
  expectations.add(expectation);
  onTestFinished(() => {
    expectations.delete(expectation);
    expect(expectation.heard, `no process warning with "${text}" came`).not.toEqual([]);
  });
  return expectation.heard;
}

/** Whether a running test expects the warning. Adds the warning to those that the test has got. */
export function isExpected(warning: Error): boolean {
  const found = [...expectations].filter(({ text }) => warning.message.includes(text));
  for (const { heard } of found) heard.push(warning);
  return found.length > 0;
}

/** Whether the warning is let through everywhere. */
export function isKnown({ name, message, stack = "" }: Error): boolean {
  // kafkajs sets timers for the past: https://github.com/tulios/kafkajs/issues/1751
  if (name === "TimeoutNegativeWarning") return stack.includes("kafkajs");
  // The suite's case "throwing-on-error" provokes it and checks it.
  return name === "AnybrokerWarning" && message.includes("from onError (thrown by onError itself)");
}
