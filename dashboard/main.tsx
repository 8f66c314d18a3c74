import { render } from "preact";
import { App } from "./app.tsx";
import { followLinks } from "./router.ts";
import { start } from "./start.ts";
import { startTheme } from "./theme.ts";

startTheme();
followLinks(document.body);
await start();
render(<App />, document.getElementById("app")!);
