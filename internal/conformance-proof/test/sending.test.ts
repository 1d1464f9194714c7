import { SENDING } from "../src/broken/sending.ts";
import { suiteNotices } from "./notices.ts";

suiteNotices(SENDING);
