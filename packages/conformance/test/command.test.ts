import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "@anybroker/conformance";
import { expect, test } from "vitest";

async function run(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const written = { out: "", err: "" };
  const to = (stream: "out" | "err") => ({
    write: (text: string) => {
      written[stream] += text;
    },
  });
  return { code: await main(args, to("out"), to("err")), ...written };
}

test("the command prints its usage", async () => {
  expect(await run("--help")).toMatchObject({ code: 0, err: "" });
  expect((await run()).err).toContain("Usage: anybroker-conformance <url>");
  expect((await run()).code).toBe(2);
});

test("the command names an argument that it cannot use", async () => {
  expect(await run("nosuch://host")).toMatchObject({ code: 2, out: "", err: expect.stringContaining('"nosuch"') });
  expect(await run("memory:x", "--patience", "soon")).toMatchObject({
    code: 2,
    err: expect.stringContaining("patience"),
  });
});

test("the command runs cases against a URL, and prints and writes a report", async () => {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  const file = join(folder, "nested", "report.json");
  try {
    const { code, out } = await run("memory:command", "--only", "json-body", "--report", file);
    expect(out).toContain("✓ A JSON body arrives as it was sent");
    expect(out).toContain("1 passed, 0 failed");
    expect(code).toBe(0);
    const report: unknown = JSON.parse(await readFile(file, "utf8"));
    expect(report).toMatchObject({
      backend: "memory:command",
      server: { product: "memory" },
      capabilities: { priority: "native" },
      cases: [{ id: "json-body", status: "passed" }],
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
