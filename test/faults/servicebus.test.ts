import { connect, type ServicebusNative } from "@anybroker/servicebus";
import { servicebus } from "@anybroker-internal/testkit/brokers/servicebus";
import { faults } from "./faults.ts";

await faults({
  name: "servicebus",
  module: servicebus,
  async start() {
    const server = await servicebus.start({});
    return {
      ...server,
      persist: () => Promise.resolve(),
      async remove(queue) {
        await using broker = await connect(server.url);
        // The cast is true: it is the native object of this adapter.
        const { admin } = broker.native as ServicebusNative;
        await admin?.deleteQueue(queue);
      },
    };
  },
  connect,
  impatient: (url) => url,
  lacks: {
    durability: "the emulator forgets everything when it is killed",
    impatience: "the SDK notices a silent server only after a minute",
  },
  defects: {
    "a message of an ordered queue kills every process that handles it":
      "the service counts no delivery of a message whose session ends with its process, so nothing bounds the crash loop",
    "a message of another queue kills every process that consumes both, one ordered":
      "closing a consumer of sessions may take longer than 15 s after others have crashed",
  },
  lease: 2_000,
});
