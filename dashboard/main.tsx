import { startTheme } from "./theme.ts";

startTheme();

const readApp = () => void import("./run-app.tsx");
// The page as index.html has it is painted first: the rest is a quarter of a megabyte to read. A hidden page has no frames.
if (document.hidden) readApp();
else requestAnimationFrame(() => setTimeout(readApp));
