import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * In each round the program connects, consumes a message and closes. After as many rounds as it takes to load all code, it
 * counts the objects that are alive after a garbage collection, runs more rounds, and counts again.
 */
const PROGRAM = `
import { EventEmitter } from "node:events";
import { queryObjects } from "node:v8";
const [adapter, url, queue, rounds] = process.argv.slice(1);
const { connect } = await import(adapter);
async function runRounds() {
  for (let round = 0; round < rounds; round += 1) {
    const broker = await connect(url);
    const { promise: handled, resolve } = Promise.withResolvers();
    const consumer = await broker.queue(queue).consume(resolve);
    await broker.queue(queue).send("body");
    await handled;
    await consumer.close();
    await broker.close();
  }
}
const { constructor: Timeout } = setTimeout(() => {});
const kinds = { AbortSignal, EventEmitter, Promise, Timeout, Map, Set };
const counts = () => Object.entries(kinds).map(([name, kind]) => [name, queryObjects(kind, { format: "count" })]);
await runRounds();
const before = Object.fromEntries(counts());
await runRounds();
console.log(JSON.stringify(Object.fromEntries(counts().map(([name, count]) => [name, count - before[name]]))));
`;

/**
 * Runs a program that connects, consumes and closes again and again. Returns how many more objects of each kind are alive
 * after twice that many `rounds`: fewer than `rounds` if a round leaves nothing behind.
 */
export async function leftBehind(
  directory: string,
  adapter: string,
  url: string,
  queue: string,
  rounds: number,
): Promise<Readonly<Record<string, number>>> {
  const node = ["--conditions=@anybroker/source", "--no-warnings", "--input-type=module", "-e", PROGRAM];
  const { stdout } = await promisify(execFile)(process.execPath, [...node, adapter, url, queue, String(rounds)], {
    cwd: directory,
  });
  // The cast is true: the program prints this.
  return JSON.parse(stdout) as Readonly<Record<string, number>>;
}
