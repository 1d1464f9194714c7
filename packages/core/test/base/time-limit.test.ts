import { expect, onTestFinished, test, vi } from "vitest";
import { withTimeLimit } from "../../src/base/time-limit.ts";
import { orAborted } from "../../src/base/wait.ts";

test("an operation that ends in time settles as it does, and no timer is left", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  expect(await withTimeLimit(1_000, () => Promise.resolve("done"))).toBe("done");
  await expect(withTimeLimit(1_000, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(vi.getTimerCount()).toBe(0);
});

test("an operation that takes too long has its signal aborted with a TimeoutError", async () => {
  const never = new Promise<never>(() => {});
  const failed = withTimeLimit(5, (limit) => orAborted(never, AbortSignal.any([limit])));
  await expect(failed).rejects.toMatchObject({ name: "TimeoutError", message: "it took longer than 5 ms" });
});

test("an operation that throws at once is a rejection", async () => {
  const thrown = withTimeLimit(1_000, () => {
    throw new Error("at once");
  });
  await expect(thrown).rejects.toThrow("at once");
});
