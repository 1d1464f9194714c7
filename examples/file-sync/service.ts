import type { Broker, Declared, Queue, Topic } from "@anybroker/core";

/** What travels: a file in the folder has new content. */
export interface FileChanged {
  readonly path: string;
  readonly size: number;
  /** SHA-256 of the content, in hex. */
  readonly hash: string;
}

/** One-to-many: whoever subscribes gets a copy of every event. */
export const fileChanges = (broker: Broker): Topic<Declared, FileChanged> => broker.topic("file-sync.changed");

/** Point-to-point: each upload is done by one of the workers. */
export const uploads = (broker: Broker): Queue<Declared, FileChanged> => broker.queue("file-sync.uploads");

/** The same file with the same content is the same change: that is how a repetition is recognised. */
export const changeId = ({ path, hash }: Pick<FileChanged, "path" | "hash">): string => `${path}#${hash.slice(0, 16)}`;

/** What a service is told when it starts. */
export interface Settings {
  readonly name: string;
  /** The broker. */
  readonly url: string;
  /** Names this run of the demo: what an interrupted earlier run has left on the broker is skipped. */
  readonly run: string;
  /** The folder that is watched. */
  readonly folder: string;
  /** The folder that stands for another machine. */
  readonly remote: string;
  /** Whether the indexer is the repaired one. */
  readonly fixed: boolean;
}

/** What a service tells of its work, for the screen and for the count at the end. */
export type Report =
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

export type Tell = (report: Report) => void;

/** Works until the signal aborts. It knows nothing of which broker it works with, nor whether it has a process of its own. */
export type Service = (broker: Broker, settings: Settings, tell: Tell, signal: AbortSignal) => Promise<void>;
