import { startServiceBusEmulator } from "@anybroker/servicebus-emulator";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { beforeAll, expect, test } from "vitest";
import { adminClientFor, refusalOf } from "./admin-client.ts";

let admin: ServiceBusAdministrationClient;

beforeAll(async () => {
  const emulator = await startServiceBusEmulator();
  admin = adminClientFor(emulator.connectionString, await emulator.certificate());
  await admin.createQueue("queue");
  await admin.createTopic("topic");
  await admin.createSubscription("topic", "sub");
  return () => emulator.close();
});

interface Expected {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const refuses = (what: string, request: () => Promise<unknown>, refusal: Expected): void => {
  test(`${what} is refused`, async () => {
    expect(await refusalOf(request())).toEqual({ ...refusal, message: expect.stringContaining(refusal.message) });
  });
};

const exists = { status: 409, code: "MessageEntityAlreadyExistsError" } as const;
const gone = { status: 404, code: "MessageEntityNotFoundError" } as const;
const invalid = { status: 400, code: "ServiceError" } as const;

const conflict = { ...exists, message: "SubCode=40900. Conflict. You're requesting an operation that isn't allowed" };
refuses("a second queue of a name", () => admin.createQueue("QUEUE"), conflict);
refuses("a topic with the name of a queue", () => admin.createTopic("queue"), conflict);
refuses("a queue with the name of a topic", () => admin.createQueue("topic"), conflict);
refuses("a second subscription of a name", () => admin.createSubscription("topic", "sub"), {
  ...exists,
  message: "The messaging entity 'sbemulatorns:Topic:topic|sub' already exists.",
});
refuses("a subscription of a topic that is not there", () => admin.createSubscription("gone", "sub"), {
  ...gone,
  message: "SubCode=40400. Not Found.",
});
refuses("deleting a queue that is not there", () => admin.deleteQueue("gone"), {
  ...gone,
  message: "No service is hosted at the specified address.",
});
refuses("deleting a subscription that is not there", () => admin.deleteSubscription("topic", "gone"), {
  ...gone,
  message: "Entity 'sbemulatorns:Topic:topic|gone' was not found.",
});
// The service returns an empty list, and the client makes an error of that.
refuses("getting a queue that is not there", () => admin.getQueue("gone"), {
  status: 200,
  code: "MessageEntityNotFoundError",
  message: 'The messaging entity "gone" being requested cannot be found.',
});
refuses(
  "updating a queue that is not there",
  async () => admin.updateQueue({ ...(await admin.getQueue("queue")), name: "gone" }),
  {
    ...gone,
    message: "SubCode=40400. Not Found. The Operation doesn't exist.",
  },
);

for (const property of ["requiresSession", "requiresDuplicateDetection", "enablePartitioning"] as const) {
  refuses(
    `changing ${property}`,
    async () => admin.updateQueue({ ...(await admin.getQueue("queue")), [property]: true }),
    { ...invalid, message: "cannot be changed" },
  );
}

const OPTIONS: readonly (readonly [Parameters<ServiceBusAdministrationClient["createQueue"]>[1], string])[] = [
  [{ lockDuration: "PT6M" }, "The supplied lock time exceeds the allowed maximum of '5' minutes."],
  [{ lockDuration: "P25D" }, "Parameter name: LockDuration\nActual value was 25.00:00:00."],
  [{ lockDuration: "soon" }, "The value 'soon' of the property 'LockDuration' is not valid."],
  [{ maxDeliveryCount: 0 }, "The MaxDeliveryCount has to be between 1 and 2000."],
  [{ maxSizeInMegabytes: 16_384 }, "must be one of the following values: 1024;2048;3072;4096;5120."],
  [{ autoDeleteOnIdle: "PT1M" }, "Parameter name: AutoDeleteOnIdle"],
  [{ duplicateDetectionHistoryTimeWindow: "P8D" }, "Parameter name: DuplicateDetectionHistoryTimeWindow"],
  [{ maxMessageSizeInKilobytes: 1024 }, "'Standard' tier"],
  [{ forwardTo: "gone" }, "SubCode=40400. The auto forwarding destination entity does not exist."],
  [{ enableExpress: true, requiresDuplicateDetection: true }, "cannot be enabled together"],
];
for (const [options, message] of OPTIONS) {
  refuses(`a queue with ${JSON.stringify(options)}`, () => admin.createQueue("new", options), { ...invalid, message });
}

refuses("a name with a space", () => admin.createQueue("a b"), {
  ...invalid,
  message: "contains character(s) that is not allowed by Service Bus. Entity segments can contain only letters,",
});
refuses("a name of 300 characters", () => admin.createQueue("q".repeat(300)), {
  ...invalid,
  message: "exceeds the '260' character limit.",
});
refuses("the name of a subscription with 51 characters", () => admin.createSubscription("topic", "s".repeat(51)), {
  ...invalid,
  message: "exceeds the '50' character limit.",
});
