// The emulator as a process of its own, so that a test can kill and freeze it. It forgets everything when it ends.
import { startServiceBusEmulator } from "@anybroker/servicebus-emulator";
import { FULL_KEY, USE_KEY } from "./keys.ts";

await startServiceBusEmulator({ port: Number(process.argv[2]), keys: [FULL_KEY, USE_KEY] });
