import { conformance } from "@anybroker/conformance";
import { afterAll, test } from "vitest";
import { Shelf, shelf } from "./driver.ts";

const server = new Shelf();

conformance(
  { name: "shelf", driver: () => shelf(server), patience: 3_000 },
  { test: test.concurrent, after: afterAll },
);
