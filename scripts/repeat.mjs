// node scripts/repeat.mjs PROJECT [TIMES]: runs one project's tests so many times, each with a fresh server, and says how each run ended.
import { spawn } from "node:child_process";
import { once } from "node:events";

const [project, times = "20", ...rest] = process.argv.slice(2);
if (!project || !(Number(times) > 0)) {
  console.error("usage: npm run test:repeat -- PROJECT [TIMES] [options of vitest], for example: rabbitmq 20");
  process.exit(2);
}

async function runOnce() {
  const since = performance.now();
  const child = spawn("vitest", ["run", "--project", project, ...rest], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    output += chunk;
  });
  const [code, signal] = await once(child, "close");
  const closing = output.trimEnd().split("\n").at(-1);
  return { passed: code === 0, line: code === 0 ? closing : `${closing} (exit ${code ?? signal})`, output, since };
}

let failed = 0;
for (let run = 1; run <= Number(times); run++) {
  const { passed, line, output, since } = await runOnce();
  if (!passed) {
    failed += 1;
    console.log(output);
  }
  const seconds = ((performance.now() - since) / 1000).toFixed(0);
  console.log(`run ${run} of ${times}: ${passed ? "pass" : "FAIL"}, ${line}, ${seconds} s`);
}
console.log(`${project}: ${Number(times) - failed} of ${times} runs passed`);
process.exitCode = failed === 0 ? 0 : 1;
