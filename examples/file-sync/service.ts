import type { Broker, Declared, Queue, Topic } from "@anybroker/core";

/** The body of every message: a file in the folder has new content. */
export interface FileChanged {
  readonly path: string;
  readonly size: number;
  /** SHA-256 of the content, in hex. */
  readonly hash: string;
}

/** One-to-many: every subscription gets a copy of every event. */
export const fileChanges = (broker: Broker): Topic<Declared, FileChanged> => broker.topic("file-sync.changed");

/** Point-to-point: one of the workers does each upload. */
export const uploads = (broker: Broker): Queue<Declared, FileChanged> => broker.queue("file-sync.uploads");

/** Identifies a change: the same file with the same content is the same change, so that duplicates are recognised. */
export const changeId = ({ path, hash }: Pick<FileChanged, "path" | "hash">): string => `${path}#${hash.slice(0, 16)}`;

/**
 * How long a broker that notices a dead worker only by its silence keeps the worker's messages, in ms. The same in every
 * program: Azure Service Bus keeps it with the queue.
 */
export const LEASE = 10_000;

/** The settings of a service. */
export interface Settings {
  readonly name: string;
  /** The URL of the broker. */
  readonly url: string;
  /** The id of this run of the demo. Messages that an interrupted run has left on the broker are skipped. */
  readonly run: string;
  /** The folder to watch. */
  readonly folder: string;
  /** The folder that stands for another machine. */
  readonly remote: string;
  /** Whether the bug of the indexer is fixed. */
  readonly fixed: boolean;
}

/** An event in a service, for the screen and for the count at the end. */
export type ServiceEvent =
  | { readonly type: "ready" }
  | {
      readonly type: "noticed" | "published" | "notified";
      readonly id: string;
      readonly path: string;
      readonly size: number;
    }
  | { readonly type: "indexed"; readonly id: string; readonly path: string; readonly words: number }
  | {
      readonly type: "uploading";
      readonly id: string;
      readonly path: string;
      readonly done: number;
      readonly size: number;
    }
  | { readonly type: "uploaded"; readonly id: string; readonly path: string; readonly note: string }
  | {
      readonly type: "received-again";
      readonly id: string;
      readonly path: string;
      readonly done: number;
      readonly size: number;
    }
  | { readonly type: "failed"; readonly path: string; readonly attempt: number; readonly reason: string }
  | { readonly type: "trouble"; readonly reason: string };

export type Emit = (event: ServiceEvent) => void;

/** Works until the signal aborts, with any broker, in this process or in its own. */
export type Service = (broker: Broker, settings: Settings, emit: Emit, signal: AbortSignal) => Promise<void>;
