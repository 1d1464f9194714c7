import { expect, inject, test } from "vitest";
import type { BrokersGiven } from "./all.ts";
import { skipOrFail } from "./skip-or-fail.ts";

// Part of the project of each backend, whose name is the name of what was provided.
test("a server is there to test against", (context) => {
  const name = context.task.file.projectName as keyof BrokersGiven;
  const given = inject(name);
  if (given.missing === undefined) expect(given.url).toContain("://");
  else if (given.broken) expect.fail(given.missing);
  else skipOrFail(context, given.missing);
});
