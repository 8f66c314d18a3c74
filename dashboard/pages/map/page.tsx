import { useEffect, useMemo, useState } from "preact/hooks";
import type { Topology } from "../../../runtime/topology/model.ts";
import { api } from "../../api.ts";
import { ErrorState } from "../../components/states.tsx";
import { icons } from "../../icons.ts";
import { connection, graph, instances, run } from "../../live.ts";
import type { Page } from "../../page.ts";
import { query, setQuery } from "../../router.ts";
import { Loading } from "../loading.tsx";
import { EdgePanel } from "./edge-panel.tsx";
import { MapView } from "./map-view.tsx";
import { mapOf } from "./model.ts";
import { MomentBar } from "./moment-bar.tsx";
import { ServicePanel } from "./service-panel.tsx";
import "./map.css";

function MapPage() {
  const topology = useTopology();
  const current = graph.value;
  const known = instances.value;
  const info = run.value;
  // Graph and instances come once a second each; of the latter only a change of state is worth drawing all anew.
  const states = known?.map(({ id, state, generation }) => `${id} ${state} ${generation}`).join();
  const model = useMemo(
    () => (known === undefined ? undefined : mapOf({ topology, graph: current, instances: known })),
    [topology, current, states],
  );
  if (model === undefined) {
    if (connection.value !== "lost") return <Loading what="the topology" />;
    return (
      <ErrorState
        title="The run does not answer"
        detail="It may have ended. This page goes on when it is back."
      />
    );
  }
  const service = model.nodes.find(({ name }) => name === query.value.get("service"));
  const edge = model.edges.find(({ id }) => id === query.value.get("edge"));
  const close = () => setQuery({ service: undefined, edge: undefined });
  return (
    <>
      <div class={`map-page ${connection.value === "lost" ? "stale" : ""}`}>
        <h1 class="unseen">Map</h1>
        <MapView model={model} live={current !== undefined} stale={connection.value === "lost"} />
        {service !== undefined && (
          <ServicePanel key={service.name} node={service} edges={model.edges} onClose={close} />
        )}
        {edge !== undefined && <EdgePanel key={edge.id} edge={edge} onClose={close} />}
      </div>
      {info?.recording !== undefined && <MomentBar info={info} />}
    </>
  );
}

/** It does not change while a run lasts. */
function useTopology(): Topology | undefined {
  const [topology, setTopology] = useState<Topology | undefined>();
  const lost = connection.value === "lost";
  useEffect(() => {
    if (lost) return;
    const gone = new AbortController();
    // Without it the map shows the edges that are in use; the next connection asks again.
    api.topology(gone.signal).then(setTopology, () => {});
    return () => gone.abort();
  }, [lost]);
  return topology;
}

export const page: Page = { path: "/map", title: "Map", icon: icons.map, component: MapPage };
