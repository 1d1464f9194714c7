import { type Clock, Ending } from "@anybroker/core/driver";
import type { Endable } from "./endable.ts";
import type { Instance } from "./instance.ts";
import type { MemoryError } from "./memory-error.ts";

/**
 * A client's connection to an instance. When it ends, its readers end too, as on any server: what they hold goes back at
 * once.
 */
export class Connection implements Endable {
  readonly instance: Instance;
  readonly #readers = new Set<Endable>();
  readonly #ending = new Ending<MemoryError>((reason) => this.#onEnd(reason));
  #endedBy: MemoryError | undefined;

  /** Throws when the instance refuses the connection. */
  constructor(instance: Instance, clock: Clock) {
    this.instance = instance;
    instance.attach(this, clock);
  }

  /** Resolves with the reason when the connection has ended. */
  get lost(): Promise<MemoryError> {
    return this.#ending.lost;
  }

  /** Throws the reason when the connection has ended. */
  check(): void {
    if (this.#endedBy !== undefined) throw this.#endedBy;
  }

  add(reader: Endable): void {
    this.#readers.add(reader);
  }

  remove(reader: Endable): void {
    this.#readers.delete(reader);
  }

  end(reason: MemoryError): void {
    this.#ending.end(reason);
  }

  #onEnd(reason: MemoryError): void {
    this.#endedBy = reason;
    for (const reader of [...this.#readers]) reader.end(reason);
    this.instance.detach(this);
  }
}
