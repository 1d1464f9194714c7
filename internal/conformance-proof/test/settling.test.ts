import { SETTLING } from "../src/settling.ts";
import { seeThrough } from "./see-through.ts";

seeThrough(SETTLING);
