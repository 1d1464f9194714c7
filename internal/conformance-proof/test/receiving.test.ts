import { RECEIVING } from "../src/receiving.ts";
import { seeThrough } from "./see-through.ts";

seeThrough(RECEIVING);
