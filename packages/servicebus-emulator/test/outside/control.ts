// A server that starts an emulator, and creates entities in it from POSTed JSON: what the live tests of other SDKs need.
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { startServiceBusEmulator } from "@anybroker/servicebus-emulator";

interface Request {
  readonly kind: "queue" | "topic" | "sub";
  readonly name: string;
  readonly topic?: string;
  readonly requires_session?: boolean;
  readonly requires_duplicate_detection?: boolean;
  readonly dead_lettering_on_message_expiration?: boolean;
  readonly lock_duration?: string;
}

const emulator = await startServiceBusEmulator({
  port: Number(process.env.PORT ?? 0),
  keys: [{ name: "RootManageSharedAccessKey", key: "key" }],
  checkToken: () => ["Manage"],
});

// A client that speaks TLS finds the certificate here, for example with REQUESTS_CA_BUNDLE.
const { CERTIFICATE } = process.env;
if (CERTIFICATE !== undefined) await writeFile(CERTIFICATE, await emulator.certificate());

const control = createServer((request, response) => void answer(request, response));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const wanted = (await json(request)) as Request;
    create(wanted);
    response.end();
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error));
  }
}

function create(wanted: Request): void {
  const { namespace } = emulator;
  const options = {
    requiresSession: wanted.requires_session ?? false,
    requiresDuplicateDetection: wanted.requires_duplicate_detection ?? false,
    deadLetterOnExpiration: wanted.dead_lettering_on_message_expiration ?? false,
    lockDuration: secondsOf(wanted.lock_duration ?? "PT60S") * 1000,
  };
  if (wanted.kind === "queue") namespace.createQueue(wanted.name, options);
  else if (wanted.kind === "topic") namespace.createTopic(wanted.name, options);
  else namespace.createSubscription(wanted.topic ?? "", wanted.name, options);
}

function secondsOf(duration: string): number {
  const match = /^PT(?:(\d+)M)?(?:(\d+)S)?$/.exec(duration);
  if (match === null) throw new Error(`not a duration: ${duration}`);
  return Number(match[1] ?? 0) * 60 + Number(match[2] ?? 0);
}

control.listen(Number(process.env.CONTROL_PORT ?? 0), "127.0.0.1", () => {
  const address = control.address();
  console.log(
    `SBHOST=127.0.0.1:${emulator.port} CTL=http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
  );
});
