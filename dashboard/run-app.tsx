import { render } from "preact";
import { App } from "./app.tsx";
import { followLinks } from "./router.ts";
import { start } from "./start.ts";

followLinks(document.body);
await start();
const place = document.getElementById("app")!;
place.replaceChildren();
render(<App />, place);
