// npm run test:repeat -- PROJECT [TIMES] [OPTIONS OF VITEST]: runs the tests of a project several times, each time with
// a fresh server, and reports how each run ended.
import { spawn } from "node:child_process";
import { once } from "node:events";

interface Run {
  readonly passed: boolean;
  /** The closing line, with the exit code of a run that failed. */
  readonly result: string;
  readonly output: string;
  readonly seconds: number;
}

const [project, times = "20", ...options] = process.argv.slice(2);
if (project === undefined || !(Number(times) > 0)) {
  console.error("usage: npm run test:repeat -- PROJECT [TIMES] [OPTIONS OF VITEST], for example: rabbitmq 20");
  process.exit(2);
}

async function runOnce(name: string): Promise<Run> {
  const start = performance.now();
  const child = spawn("vitest", ["run", "--project", name, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [code, signal] = await once(child, "close");
  const closingLine = output.trimEnd().split("\n").at(-1) ?? "";
  return {
    passed: code === 0,
    result: code === 0 ? closingLine : `${closingLine} (exit ${code ?? signal})`,
    output,
    seconds: Math.round((performance.now() - start) / 1_000),
  };
}

let passes = 0;
for (let number = 1; number <= Number(times); number++) {
  const { passed, result, output, seconds } = await runOnce(project);
  if (passed) passes += 1;
  else console.log(output);
  console.log(`run ${number} of ${times}: ${passed ? "pass" : "FAIL"}, ${result}, ${seconds} s`);
}
console.log(`${project}: ${passes} of ${times} runs passed`);
process.exitCode = passes === Number(times) ? 0 : 1;
