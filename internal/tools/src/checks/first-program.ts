import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT, read } from "../repository.ts";
import { inMarkdown } from "../snippets/snippet.ts";

const run = promisify(execFile);

const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

/**
 * Does what the README says of its first program: a folder by `npm init -y` and `tsc --init`, the packed packages, a
 * file `main.mts` and `"types": ["node"]`. Returns what goes wrong.
 */
export async function faultsOfFirstProgram(tarballs: readonly string[]): Promise<readonly string[]> {
  const program = inMarkdown("README.md", read("README.md")).find(({ mark }) => mark === "run");
  if (program === undefined) return ["README.md has no program that runs"];
  const folder = await mkdtemp(join(tmpdir(), "anybroker-first-program-"));
  const inFolder = async (command: string, ...args: readonly string[]): Promise<string> =>
    (await run(command, args, { cwd: folder, shell: process.platform === "win32" })).stdout;
  try {
    await inFolder("npm", "init", "-y");
    await inFolder(process.execPath, TSC, "--init");
    const packages = tarballs.filter((path) => /anybroker-(core|memory)-/.test(path));
    await inFolder("npm", "install", "--offline", "--no-audit", "--no-fund", ...packages);
    await mkdir(join(folder, "node_modules/@types"));
    await symlink(join(ROOT, "node_modules/@types/node"), join(folder, "node_modules/@types/node"), "junction");
    await writeFile(join(folder, "main.mts"), program.code);
    const config = join(folder, "tsconfig.json");
    await writeFile(config, (await readFile(config, "utf8")).replace('"types": []', '"types": ["node"]'));
    // As it is, and compiled as for Node 22.
    await inFolder(process.execPath, TSC, "--target", "es2024");
    const compiled = await readFile(join(folder, "main.mjs"), "utf8");
    const printed = await Promise.all(["main.mts", "main.mjs"].map((file) => inFolder(process.execPath, file)));
    return [
      ...printed
        .filter((text) => text.trimEnd() !== program.output)
        .map((text) => `the first program of README.md printed ${JSON.stringify(text)}`),
      ...(/await using/.test(compiled)
        ? ['"target": "es2024" leaves an `await using`, which Node 22 cannot parse']
        : []),
    ];
  } catch (error) {
    if (!(error instanceof Error && "stdout" in error)) throw error;
    return [`the first program of README.md: ${error.message}\n${String(error.stdout)}`];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
