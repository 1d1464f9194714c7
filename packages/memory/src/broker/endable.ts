import type { MemoryError } from "./memory-error.ts";

/** Something that the broker can end. */
export interface Endable {
  end(reason: MemoryError): void;
}
