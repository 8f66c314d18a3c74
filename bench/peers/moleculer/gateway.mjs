/**
 * Moleculer's web gateway as its documentation shows it: `node gateway.mjs <http port> <own tcp port> <service's tcp port>`.
 * It checks no token, counts no rate limit and traces nothing.
 */
import { createRequire } from "node:module";
import { brokerOptions } from "./options.mjs";

const require = createRequire(import.meta.url);
const { ServiceBroker } = require("moleculer");
const ApiGateway = require("moleculer-web");

const [port, ownPort, otherPort] = process.argv.slice(2).map(Number);
const broker = new ServiceBroker(brokerOptions("gateway", ownPort, { items: otherPort }));
broker.createService({
  mixins: [ApiGateway],
  settings: {
    ip: "127.0.0.1",
    port,
    routes: [{ path: "/", aliases: { "GET items/:id": "items.get" }, mappingPolicy: "restrict" }],
  },
});
await broker.start();
await broker.waitForServices("items");
process.on("SIGTERM", () => void broker.stop().then(() => process.exit(0)));
console.log("ready");
