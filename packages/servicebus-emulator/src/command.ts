import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { startServiceBusEmulator } from "./server.ts";

const USAGE = `Usage: servicebus-emulator [options]

  --port <number>    the port of AMQP, HTTP and WebSocket, with and without TLS; default 5672
  --host <address>   the address to listen on; default 127.0.0.1
  --config <file>    a Config.json of Microsoft's emulator, with the entities to begin with
  --help             prints this text
`;

/** Where the command writes. */
export interface Output {
  write(text: string): unknown;
}

/**
 * The command `servicebus-emulator`. It resolves with the exit code: 0 after SIGINT, SIGTERM or an abort, 2 for wrong
 * arguments, 1 if the emulator does not start.
 */
export async function main(
  args: readonly string[],
  signal?: AbortSignal,
  out: Output = process.stdout,
  err: Output = process.stderr,
): Promise<number> {
  let options: ReturnType<typeof optionsOf>;
  try {
    options = optionsOf(args);
  } catch (error) {
    err.write(`${messageOf(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    out.write(USAGE);
    return 0;
  }
  try {
    const { port, host, config } = options;
    const text = config === undefined ? undefined : await readFile(config, "utf8");
    const emulator = await startServiceBusEmulator({ port, host, config: text });
    out.write(`Azure Service Bus emulator on ${host}:${emulator.port}. Connect with\n  ${emulator.connectionString}\n`);
    await untilStopped(signal);
    await emulator.close();
    return 0;
  } catch (error) {
    err.write(`${messageOf(error)}\n`);
    return 1;
  }
}

function optionsOf(args: readonly string[]): {
  readonly port: number;
  readonly host: string;
  readonly config: string | undefined;
  readonly help: boolean;
} {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: "string", default: "5672" },
      host: { type: "string", default: "127.0.0.1" },
      config: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) throw new TypeError(`--port must be a number, not ${values.port}`);
  return { port, host: values.host, config: values.config, help: values.help };
}

async function untilStopped(signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  await promise;
  process.removeListener("SIGINT", stop);
  process.removeListener("SIGTERM", stop);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
