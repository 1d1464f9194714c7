export { type EmulatorOptions, type ServiceBusEmulator, startServiceBusEmulator } from "./server.ts";
