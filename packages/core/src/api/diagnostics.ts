import { channel, type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import type { BrokerError } from "../base/errors.ts";
import type { Drift } from "../contract/entities.ts";
import type { MessageSource } from "./message.ts";

/**
 * Payload of the tracing channel `anybroker:send`. The traced operation is a send or publish, from the call to its
 * result.
 */
export interface SendEvent {
  readonly destination: string;
  readonly kind: "queue" | "topic";
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly size: number;
}

/** Payload of the tracing channel `anybroker:deliver`. The traced operation is one run of a handler. */
export interface DeliverEvent {
  readonly source: MessageSource;
  readonly ids: readonly (string | undefined)[];
  readonly attempt: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Payload of the tracing channel `anybroker:settle`. The traced operation is one settlement, until the driver reports
 * it.
 */
export interface SettleEvent {
  readonly source: MessageSource;
  readonly id: string | undefined;
  readonly action: string;
  readonly attempt: number;
}

/** Payload of the channel `anybroker:reconnect`: a link was lost, an attempt to reconnect failed, or a link is up. */
export interface ReconnectEvent {
  readonly address: string;
  readonly state: "lost" | "failed" | "up";
  readonly error: BrokerError | undefined;
}

/** Payload of the channels `anybroker:dead-letter` and `anybroker:discard`. */
export interface GiveUpEvent {
  readonly source: MessageSource;
  readonly id: string | undefined;
  readonly attempt: number;
  readonly reason: string;
}

export const sendTracing: TracingChannel<SendEvent> = tracingChannel("anybroker:send");
export const deliverTracing: TracingChannel<DeliverEvent> = tracingChannel("anybroker:deliver");
export const settleTracing: TracingChannel<SettleEvent> = tracingChannel("anybroker:settle");

const reconnect = channel("anybroker:reconnect");
const drift = channel("anybroker:drift");
const deadLetter = channel("anybroker:dead-letter");
const discard = channel("anybroker:discard");

export const events = {
  reconnect: (event: ReconnectEvent): void => reconnect.publish(event),
  drift: (event: Drift): void => drift.publish(event),
  deadLetter: (event: GiveUpEvent): void => deadLetter.publish(event),
  discard: (event: GiveUpEvent): void => discard.publish(event),
};
