// The id of a request travels with its messages, so that the logs of the handler can name it. A trace travels likewise.
import { AsyncLocalStorage } from "node:async_hooks";
import { connect, type Propagation } from "@anybroker/memory";

const requests = new AsyncLocalStorage<string>();
const propagation: Propagation = {
  inject(headers) {
    const request = requests.getStore();
    if (request !== undefined) headers["request-id"] = request;
  },
  extract: ({ messages }, run) => requests.run(messages[0]?.headers["request-id"] ?? "none", run),
};

await using broker = await connect(process.env.BROKER_URL ?? "memory:", { propagation });
const emails = broker.queue<{ to: string }>("example-propagation");
const done = Promise.withResolvers<void>();

await emails.consume(({ body }) => {
  console.log(`request ${requests.getStore()}: a mail to ${body.to}`);
  done.resolve();
});

await requests.run("r-42", () => emails.send({ to: "ada@example.com" }));
await done.promise;
