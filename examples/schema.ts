// A schema checks bodies when they are sent and when they arrive, and gives them types. Any Standard Schema works, such as valibot.
import { BrokerError, connect } from "@anybroker/memory";
import * as v from "valibot";

const Booking = v.object({
  guest: v.pipe(v.string(), v.nonEmpty()),
  arrives: v.pipe(
    v.string(),
    v.isoDate(),
    v.transform((day) => new Date(day)),
  ), // text is sent, a Date arrives
});

await using broker = await connect(process.env.BROKER_URL ?? "memory:");
const bookings = broker.queue("example-bookings", { schema: Booking });
const done = Promise.withResolvers<void>();

await using _consumer = await bookings.consume(({ body }) => {
  console.log(`${body.guest} arrives in ${body.arrives.getUTCFullYear()}`); // body: { guest: string; arrives: Date }
  done.resolve();
});

try {
  await bookings.send({ guest: "", arrives: "soon" });
} catch (error) {
  if (error instanceof BrokerError) console.log(`${error.code}: ${error.message}`);
}
await bookings.send({ guest: "Ada", arrives: "2027-05-01" });
await done.promise;
