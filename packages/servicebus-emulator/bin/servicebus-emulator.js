#!/usr/bin/env node
import { main } from "@anybroker/servicebus-emulator";

process.exitCode = await main(process.argv.slice(2));
