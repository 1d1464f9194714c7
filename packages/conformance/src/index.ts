export { type Case, type Need, SECTIONS, type Section } from "./case.ts";
export { CASES } from "./cases.ts";
export { CATALOGUE, type CatalogueGroup, type CatalogueRow, KNOWN_DEFECTS, type KnownDefect } from "./catalogue.ts";
export { main, type Output } from "./command.ts";
export {
  type ConformanceOptions,
  conformance,
  type Runner,
  type Suite,
  type TestContext,
} from "./conformance.ts";
export type { CaseConnectOptions, CaseContext, Handled, Received } from "./context.ts";
export { type CapabilityChanges, withCapabilities } from "./layers/capabilities.ts";
export { Faults, InjectedError, type SendFault, withFaults } from "./layers/faults.ts";
export {
  type DriverOverrides,
  mapLinks,
  mapSources,
  overrideDriver,
  overrideLink,
  overrideSource,
} from "./layers/override.ts";
export { type CaseResult, type CaseStatus, countByStatus, type SuiteReport, writeReport } from "./report.ts";
export { reportAsText } from "./report-text.ts";
export { type RunOptions, runConformance } from "./run.ts";
export type { ForeignClient, ForeignMessage, ForeignValue, Removable, Subject } from "./subject.ts";
