import { expect, onTestFinished } from "vitest";

const expectations = new Set<{ readonly text: string; readonly heard: Error[] }>();

/**
 * Lets the current test provoke process warnings that contain this text, and returns those that came so far. When none
 * came until its end, the test fails. Any other warning fails the test anyway.
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

/** Whether a running test expects the warning, which it then gets. */
export function isExpected(warning: Error): boolean {
  const found = [...expectations].filter(({ text }) => warning.message.includes(text));
  for (const { heard } of found) heard.push(warning);
  return found.length > 0;
}

/** Whether no test can expect the warning: a library's own defect, or what a case of the suite provokes and checks. */
export function isKnown({ name, message, stack = "" }: Error): boolean {
  // kafkajs sets timers for the past: https://github.com/tulios/kafkajs/issues/1751
  if (name === "TimeoutNegativeWarning") return stack.includes("kafkajs");
  // The case "throwing-on-error".
  return name === "AnybrokerWarning" && message.includes("from onError (thrown by onError itself)");
}
