import { SENDING } from "../src/sending.ts";
import { seeThrough } from "./see-through.ts";

seeThrough(SENDING);
