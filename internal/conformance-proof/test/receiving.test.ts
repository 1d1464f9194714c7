import { RECEIVING } from "../src/broken/receiving.ts";
import { suiteNotices } from "./notices.ts";

suiteNotices(RECEIVING);
