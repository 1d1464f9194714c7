// node admin.ts stats
// node admin.ts list                      the dead letters
// node admin.ts replay orders 17-0 18-0   those dead letters of the queue; without ids all of them
// node admin.ts remove billing            the dead letters of the subscription
import { connect } from "@anybroker/core";
import { admin } from "./admin-commands.ts";

const [, , ...args] = process.argv;
await using broker = await connect(process.env.BROKER_URL ?? "memory:", { topology: "verify" });
for (const line of await admin(broker, args)) console.log(line);
