// The internals of kafkajs have no types. kafkajs-internals.ts says what the driver uses of them.
declare module "kafkajs/src/*" {
  const internals: unknown;
  export = internals;
}
