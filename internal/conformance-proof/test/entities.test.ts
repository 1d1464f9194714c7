import { ENTITIES } from "../src/broken/entities.ts";
import { suiteNotices } from "./notices.ts";

suiteNotices(ENTITIES);
