/** The actions of a source's handler on a message. */
export interface Step {
  /** How long it works before it ends, in ms. */
  readonly work: number;
  /** The number of attempts that fail. With as many as the policy has attempts, the message becomes a dead letter. */
  readonly fails: number;
  /** How it fails: it throws, calls `retry` or `deadLetter` of the message, or kills its process. */
  readonly by: "throw" | "retry" | "deadLetter" | "kill";
  /** The delay that it passes to `retry`, in ms. */
  readonly delay?: number;
}

/** `send`, `publish`, or one message of a `sendBatch` is about to be called. */
export interface SendCalled {
  readonly type: "send";
  readonly message: string;
  /** The name of the queue or topic. */
  readonly to: string;
  readonly key?: string;
  readonly delay?: number;
  /** For each source of the destination where the message is not handled at once and with success. */
  readonly steps?: Readonly<Record<string, Step>>;
}

/** A handler was called. */
export interface RunBegun {
  readonly type: "begin";
  /** The name of this run of the handler. No other run has it. */
  readonly run: string;
  readonly message: string;
  readonly source: string;
  readonly attempt: number;
}

/** A handler is about to fail in a way that counts as an attempt. */
export interface RunFailed {
  readonly type: "failed";
  readonly run: string;
  /** The wait that the handler asked for, in ms. Without it the policy's backoff applies. */
  readonly delay?: number;
}

/** A fault of one process, of its connection, or of the server. */
export interface FaultEvent {
  readonly type: "fault";
  readonly fault: number;
  readonly kind: string;
  /** A worker such as `worker-1`, `driver`, or `server`. */
  readonly target: string;
  /** The life of the worker, such as `worker-1.3`, if it is a fault of that process and not of its connection. */
  readonly life?: string;
  /** `over` comes when the server, the process or its connection works again. */
  readonly phase: "begin" | "over";
}

/** A dead letter that was found at the end. */
export interface DeadLetterFound {
  readonly type: "dead";
  readonly source: string;
  readonly message: string;
  readonly reason: string | undefined;
  readonly attempts: number | undefined;
}

/** A consumer has dead-lettered a message. Missing where the process died before it heard of that. */
export interface GaveUp {
  readonly type: "gave-up";
  readonly source: string;
  readonly message: string;
  readonly reason: string;
}

/** The server's counts of a source after every consumer has closed. */
export interface LeftOver {
  readonly type: "left";
  readonly source: string;
  readonly ready: number;
  readonly delayed: number;
  readonly inFlight: number;
}

/** One fact in the life of a soak. */
export type Fact =
  | SendCalled
  | { readonly type: "confirmed"; readonly message: string }
  | {
      readonly type: "rejected";
      readonly message: string;
      readonly code: string;
      readonly outcomeUnknown: boolean;
    }
  | RunBegun
  /** The handler is about to return. */
  | { readonly type: "done"; readonly run: string }
  | RunFailed
  /** The handler is about to call `deadLetter`. */
  | { readonly type: "refused"; readonly run: string }
  /** The handler is about to kill its process. */
  | { readonly type: "killing"; readonly run: string }
  /** The event loop of the process stood still for this long, up to now, in ms. */
  | { readonly type: "late"; readonly ms: number }
  | FaultEvent
  /** A process has ended. `planned`: by a fault or because it was told to. */
  | { readonly type: "ended"; readonly life: string; readonly planned: boolean; readonly how: string }
  /** A consumer closed and was not told to, or the process could not begin to consume. */
  | { readonly type: "closed"; readonly source: string; readonly reason: string }
  /** A step of the soak took too long, and the soak went on without it. */
  | { readonly type: "stuck"; readonly what: string }
  /** From now on there are no faults. */
  | { readonly type: "calm" }
  /** The driver waits no longer for what is not settled. */
  | { readonly type: "end" }
  | GaveUp
  | DeadLetterFound
  | LeftOver
  /** The error that `onError` got, for a person. */
  | { readonly type: "error"; readonly source: string; readonly text: string };

/** A fact with the time and the process that recorded it. */
export type Event = Fact & {
  /** Milliseconds of the monotonic clock that all processes of this machine share. */
  readonly at: number;
  /** The life of the process: `driver`, or a worker such as `worker-1.3`. */
  readonly by: string;
};

/** A queue or subscription of the soak. */
export interface SoakSource {
  /** `queue`, or `topic/subscription`. */
  readonly name: string;
  /** The queue or the topic. */
  readonly to: string;
  readonly ordered: boolean;
}

/** The settings of the soak that a checker needs besides its events. */
export interface Setup {
  /** A description of the run, for a person. */
  readonly title: string;
  /** How to run it again. */
  readonly command: string;
  readonly seed: number;
  readonly sources: readonly SoakSource[];
  readonly workers: readonly string[];
  /** The retry policy's attempts, and its shortest wait after each number of failures, in ms. */
  readonly attempts: number;
  readonly waits: readonly number[];
  /** How long a silent consumer keeps what it holds, in ms. */
  readonly lease: number;
  /** Whether failures of a retry in place outlive the consumer. */
  readonly keepsProgress: boolean;
  /** Whether nothing can be noted for a moment while consumers come and go. */
  readonly rebalances: boolean;
  /** Whether a delayed message holds its key like any other one, once it is due. */
  readonly delayedKeepKeys: boolean;
}

/** Everything that is known of one soak. Events are in the order of time. */
export interface History {
  readonly setup: Setup;
  readonly events: readonly Event[];
}

/** The worker of one of its lives: `worker-1` of `worker-1.3`. */
export function workerOf(life: string): string {
  return life.replace(/\.\d+$/, "");
}
