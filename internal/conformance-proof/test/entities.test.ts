import { ENTITIES } from "../src/entities.ts";
import { seeThrough } from "./see-through.ts";

seeThrough(ENTITIES);
