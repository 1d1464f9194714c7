export type { AccessKey, Claim } from "./access/access.ts";
export { main, type Output } from "./command.ts";
export type { EmulatorFaults } from "./faults.ts";
export { type EmulatorOptions, type ServiceBusEmulator, startServiceBusEmulator } from "./server.ts";
