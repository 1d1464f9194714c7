import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "@anybroker/core";
import type { Crew, Member, ServiceName } from "./crew.ts";
import { hashOf } from "./files.ts";
import { Ledger } from "./ledger.ts";
import { Narrator } from "./narrator.ts";
import { changeId, type Report, type Settings } from "./service.ts";
import type { View } from "./view.ts";

export interface Surroundings {
  readonly broker: Broker;
  readonly crew: Crew;
  readonly view: View;
  readonly signal: AbortSignal;
  readonly url: string;
  readonly folder: string;
  readonly remote: string;
}

/** Where the story takes place: who is at work, the folder, and the count of what has happened. */
export class Stage {
  readonly run: string = randomBytes(4).toString("hex");
  readonly ledger: Ledger = new Ledger();
  readonly broker: Broker;
  readonly view: View;
  readonly signal: AbortSignal;
  readonly #surroundings: Surroundings;
  readonly #narrator: Narrator;
  readonly #members = new Map<string, Member>();
  readonly #starting = new Set<Promise<Member>>();

  constructor(surroundings: Surroundings) {
    this.broker = surroundings.broker;
    this.view = surroundings.view;
    this.signal = surroundings.signal;
    this.#surroundings = surroundings;
    this.#narrator = new Narrator(surroundings.view);
  }

  async enter(
    name: string,
    service: ServiceName,
    { fixed }: { readonly fixed: boolean } = { fixed: false },
  ): Promise<void> {
    const { crew, url, folder, remote, signal } = this.#surroundings;
    let member: Member | undefined;
    const tell = (report: Report): void => {
      // What somebody who has left said last may arrive late.
      if (member !== undefined && this.#members.get(name) !== member) return;
      this.#narrator.tell(name, report);
      this.ledger.tell(name, report);
    };
    const settings: Settings = { name, url, run: this.run, folder, remote, fixed };
    const broken = (reason: string): void => this.ledger.breaks(reason);
    const start = crew.start(service, { settings, tell, broken, signal });
    this.#starting.add(start);
    try {
      member = await start;
      this.#members.set(name, member);
    } finally {
      this.#starting.delete(start);
    }
  }

  async leave(name: string): Promise<void> {
    const member = this.#members.get(name);
    this.#members.delete(name);
    await member?.stop();
    this.view.board(name, "down", "dim");
  }

  async crash(name: string): Promise<void> {
    const member = this.#members.get(name);
    this.#members.delete(name);
    if (member === undefined) return;
    this.view.board(name, "crashed", "bad");
    this.view.say(name, member.fate, "bad");
    await member.crash();
  }

  /** Everybody goes home. */
  async empty(): Promise<void> {
    const late = await Promise.allSettled(this.#starting);
    const members = new Set([
      ...this.#members.values(),
      ...late.flatMap((start) => ("value" in start ? start.value : [])),
    ]);
    this.#members.clear();
    await Promise.all([...members].map((member) => member.stop()));
  }

  /** Writes a file into the watched folder. Answers the id that the change will travel under. */
  async write(path: string, content: string | Uint8Array): Promise<string> {
    const file = join(this.#surroundings.folder, path);
    await writeFile(file, content);
    const id = changeId({ path, hash: (await hashOf(file)) ?? "" });
    this.ledger.made(id);
    return id;
  }

  /** Time to look. */
  async beat(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.signal });
  }
}
