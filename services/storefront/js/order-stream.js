import { send } from "./api.js";

const firstRetryMs = 500;
const maxRetryMs = 8000;

/**
 * Calls `changed` with each state of an order until it is final or `signal` aborts. EventSource cannot send a token,
 * so the stream is read with fetch; one that breaks is opened again, and begins with the state as it is then.
 * `connected` is told true and false as the line comes and goes.
 */
export async function watchOrder(id, { changed, connected, signal }) {
  for (let retryMs = firstRetryMs; !signal.aborted; retryMs = Math.min(maxRetryMs, retryMs * 2)) {
    try {
      const response = await send("GET", `/v1/orders/${encodeURIComponent(id)}/events`, {
        headers: { accept: "text/event-stream" },
        signal,
      });
      connected(true);
      for await (const data of eventData(response.body)) {
        retryMs = firstRetryMs;
        const order = JSON.parse(data);
        changed(order);
        if (order.status !== "pending") return;
      }
    } catch (error) {
      if (signal.aborted) return;
      // Not ours, or not signed in: trying again will not change that.
      if (error.status >= 400 && error.status < 500) throw error;
    }
    connected(false);
    await pause(retryMs, signal);
  }
}

/** The `data` of each server-sent event; comments and other fields are left out. */
async function* eventData(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const lines = block.split("\n").filter((line) => line.startsWith("data:"));
        if (lines.length > 0) yield lines.map((line) => line.slice(5).trimStart()).join("\n");
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
