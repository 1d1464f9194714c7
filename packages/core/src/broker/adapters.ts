/** The packages that serve each URL scheme. Only this file of the core knows backends by name. */
export const ADAPTERS: Readonly<Record<string, string>> = {
  memory: "@anybroker/memory",
  amqp: "@anybroker/rabbitmq",
  amqps: "@anybroker/rabbitmq",
  kafka: "@anybroker/kafka",
  "kafka+ssl": "@anybroker/kafka",
  redis: "@anybroker/redis",
  rediss: "@anybroker/redis",
  servicebus: "@anybroker/servicebus",
  // The beginning of a connection string.
  endpoint: "@anybroker/servicebus",
};

/** Schemes of brokers whose adapters will follow. There is nothing to install for them yet. */
export const PLANNED: readonly string[] = ["pubsub"];
