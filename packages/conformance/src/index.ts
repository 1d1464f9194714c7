export type { Backend, Foreign, ForeignMessage, ForeignValue, Removable } from "./backend.ts";
export { type Case, type Need, SECTIONS, type Section } from "./case.ts";
export { CASES } from "./cases.ts";
export { CATALOGUE, type CataloguePart, type CatalogueRow, KNOWN_DEFECTS, type KnownDefect } from "./catalogue.ts";
export { main, type Output } from "./command.ts";
export {
  type ConformanceOptions,
  conformance,
  type Runner,
  type Suite,
  type TestContext,
} from "./conformance.ts";
export type { CaseConnectOptions, CaseContext, Collected, Handled } from "./context.ts";
export { delegateDriver, delegateLink, delegateLinks, delegateSource, delegateSources } from "./delegate.ts";
export { Faults, type SendFault, StagedError, withFaults } from "./faults.ts";
export { type Mask, mask } from "./mask.ts";
export { type CaseReport, type CaseStatus, type Report, tally, writeReport } from "./report.ts";
export { type RunOptions, runConformance } from "./run.ts";
export { reportAsText } from "./text.ts";
