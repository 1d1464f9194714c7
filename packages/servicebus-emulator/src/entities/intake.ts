import { DuplicateHistory } from "./duplicate-history.ts";
import { EntityError } from "./errors.ts";
import type { Content } from "./message.ts";
import type { QueueOptions } from "./options.ts";

interface Receiving {
  readonly path: string;
  readonly options: QueueOptions;
  readonly size: number;
}

/** What an entity checks before it takes messages. */
export class Intake {
  readonly #entity: Receiving;
  readonly #history = new DuplicateHistory();

  constructor(entity: Receiving) {
    this.#entity = entity;
  }

  /** Throws an `EntityError` if one of the messages is refused. */
  check(contents: readonly Content[]): void {
    const { path, options, size } = this.#entity;
    if (options.status === "Disabled" || options.status === "SendDisabled") {
      throw new EntityError("disabled", `The messaging entity '${path}' is currently disabled.`);
    }
    let added = 0;
    for (const content of contents) {
      if (content.size > options.maxMessageSize) {
        throw new EntityError(
          "message-too-large",
          `The received message (delivery-id:0, size:${content.size} bytes) exceeds the limit (${options.maxMessageSize} bytes) currently allowed on the link.`,
        );
      }
      if (options.requiresSession && content.sessionId === undefined) {
        throw new EntityError(
          "not-allowed",
          "The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have session support enabled can only receive messages that have the SessionId set to a valid value.",
        );
      }
      added += content.size;
    }
    if (size + added > options.maxSize) {
      throw new EntityError(
        "quota-exceeded",
        `The maximum entity size has been reached or exceeded for '${path}'. Size of entity in bytes: ${size}, max entity size in bytes: ${options.maxSize}.`,
      );
    }
  }

  /** Returns false for a message id that was accepted within the window of duplicate detection. */
  isNew(content: Content, now: number): boolean {
    const { requiresDuplicateDetection, duplicateDetectionWindow } = this.#entity.options;
    return !requiresDuplicateDetection || this.#history.note(content.messageId, now, duplicateDetectionWindow);
  }
}
