/**
 * The service behind Moleculer's gateway: `node items.mjs <own tcp port> <gateway's tcp port>`. It answers the same items
 * from a Map, because Node 20 has no SQLite of its own: it does less than the others.
 */
import { createRequire } from "node:module";
import { brokerOptions } from "./options.mjs";

const { Errors, ServiceBroker } = createRequire(import.meta.url)("moleculer");
const [ownPort, gatewayPort] = process.argv.slice(2).map(Number);
const items = new Map(
  Array.from({ length: 500 }, (_, index) => {
    const id = index + 1;
    const description = `What one would say about item ${id} in a sentence or two.`;
    return [id, { id, name: `Item ${id}`, description, priceCents: id * 10 }];
  }),
);
const broker = new ServiceBroker(brokerOptions("items", ownPort, { gateway: gatewayPort }));
broker.createService({
  name: "items",
  actions: {
    get(ctx) {
      const item = items.get(Number(ctx.params.id));
      if (item === undefined) throw new Errors.MoleculerClientError("no such item", 404);
      return item;
    },
  },
});
await broker.start();
process.on("SIGTERM", () => void broker.stop().then(() => process.exit(0)));
console.log("ready");
