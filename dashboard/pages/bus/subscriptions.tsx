import type { SubscriptionInfo } from "../../../runtime/bus/broker.ts";
import { formatCount } from "../format.ts";

export function Subscriptions({ subscriptions }: { subscriptions: readonly SubscriptionInfo[] }) {
  if (subscriptions.length === 0) return <p class="empty-line">Nobody subscribes to this topic.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways on a phone, by keyboard too
    <section class="table-box" tabIndex={0} aria-label="Subscriptions">
      <table class="grid-table">
        <thead>
          <tr>
            <th scope="col">Subscription</th>
            <th scope="col">Consumers</th>
            <th scope="col" class="number">
              Cursor
            </th>
            <th scope="col" class="number">
              Lag
            </th>
            <th scope="col" class="number">
              In flight
            </th>
            <th scope="col" class="number">
              Retry
            </th>
            <th scope="col" class="number">
              Skipped
            </th>
          </tr>
        </thead>
        <tbody>
          {subscriptions.map((one) => (
            <tr key={one.subscription}>
              <th scope="row">
                {one.subscription}
                {one.paused && <span class="badge warn">paused</span>}
              </th>
              <td>{one.consumers.length === 0 ? <em class="muted">none</em> : one.consumers.join(", ")}</td>
              <td class="number">{formatCount(one.cursor)}</td>
              <td class={`number ${one.lag > 0 ? "" : "muted"}`}>{formatCount(one.lag)}</td>
              <td class={`number ${one.inFlight > 0 ? "" : "muted"}`}>{formatCount(one.inFlight)}</td>
              <td class={`number ${one.waitingRetry > 0 ? "warn-text" : "muted"}`}>
                {formatCount(one.waitingRetry)}
              </td>
              <td class={`number ${one.skipped > 0 ? "warn-text" : "muted"}`}>{formatCount(one.skipped)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
