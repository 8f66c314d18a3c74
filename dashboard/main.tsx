import { render } from "preact";
import { App } from "./app.tsx";
import { startLive } from "./live.ts";
import { followLinks } from "./router.ts";
import { startTheme } from "./theme.ts";

startTheme();
followLinks(document.body);
startLive();
render(<App />, document.getElementById("app")!);
