import { channel, type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import type { BrokerIdentity } from "../base/broker-identity.ts";
import type { BrokerError } from "../base/errors.ts";
import type { Drift } from "../contract/entities.ts";
import type { MessageSource } from "./message.ts";

/**
 * Payload of the tracing channel `anybroker:send`. The traced operation is a send or publish, from the call to its
 * result.
 */
export interface SendEvent {
  readonly broker: BrokerIdentity;
  readonly destination: string;
  readonly kind: "queue" | "topic";
  readonly id: string;
  /** Without those that `propagation.inject` adds, which runs inside the operation. */
  readonly headers: Readonly<Record<string, string>>;
  /** The size of the body, in bytes. */
  readonly size: number;
}

/** Payload of the tracing channel `anybroker:deliver`. The traced operation is one run of a handler. */
export interface DeliverEvent {
  readonly broker: BrokerIdentity;
  readonly source: MessageSource;
  /** The messages that the handler gets: one, or those of a batch. */
  readonly messages: readonly DeliveredMessage[];
}

/** One message of a {@link DeliverEvent}. */
export interface DeliveredMessage {
  readonly id: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly attempt: number;
  /** The size of the body, in bytes. */
  readonly size: number;
}

/**
 * Payload of the tracing channel `anybroker:settle`. The traced operation is one settlement, until the driver reports
 * it.
 */
export interface SettleEvent {
  readonly broker: BrokerIdentity;
  readonly source: MessageSource;
  readonly id: string | undefined;
  readonly action: string;
  readonly attempt: number;
}

/** Payload of the channel `anybroker:reconnect`: a link was lost, an attempt to reconnect failed, or a link is up. */
export interface ReconnectEvent {
  readonly broker: BrokerIdentity;
  readonly state: "lost" | "failed" | "up";
  readonly error: BrokerError | undefined;
}

/** Payload of the channel `anybroker:drift`: an entity differs from what was asked for. */
export interface DriftEvent extends Drift {
  readonly broker: BrokerIdentity;
}

/** Payload of the channels `anybroker:dead-letter` and `anybroker:discard`. */
export interface GiveUpEvent {
  readonly broker: BrokerIdentity;
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
  drift: (event: DriftEvent): void => drift.publish(event),
  deadLetter: (event: GiveUpEvent): void => deadLetter.publish(event),
  discard: (event: GiveUpEvent): void => discard.publish(event),
};
