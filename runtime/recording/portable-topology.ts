import { basename, dirname, join, relative } from "node:path";
import { isSecretColumn, looksSecret } from "../storage/secrets.ts";
import type { ServiceConfig, TelemetryExportConfig, Topology } from "../topology/model.ts";
import { redactText, withheld } from "./redact.ts";

/** `250`, `0.1`, `30s`, `10MiB`, `true`, `fast-lane`: what settings are, and keys are not. */
const harmless = /^(-?[\d.]{1,12}\s?(%|ms|s|m|h|d|[KMGT]i?B|B)?|[a-z]{1,16}(-[a-z]{1,16}){0,2})$/;

/** A topology to be shown elsewhere: no secrets, and no paths of the machine that it ran on. */
export function portableTopology(topology: Topology): Topology {
  const { directory, services, gateway, telemetry } = topology;
  const inside = (path: string) => {
    const place = relative(directory, path) || ".";
    // What lies elsewhere is named without the way there.
    return place.startsWith("..") ? join("…", basename(dirname(path)), basename(path)) : place;
  };
  return {
    ...topology,
    file: basename(topology.file),
    directory: "",
    gateway: {
      ...gateway,
      static: gateway.static.map((one) => ({ ...one, directory: inside(one.directory) })),
    },
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => [name, portableService(service, inside)]),
    ),
    telemetry: {
      ...telemetry,
      ...(telemetry.export === undefined ? {} : { export: portableExport(telemetry.export, inside) }),
    },
  };
}

function portableService(service: ServiceConfig, inside: (path: string) => string): ServiceConfig {
  const env = Object.fromEntries(
    Object.entries(service.env).map(([name, value]) => {
      const open = harmless.test(value) && !isSecretColumn(name) && !looksSecret(value);
      return [name, open ? value : withheld];
    }),
  );
  return { ...service, source: inside(service.source), env };
}

function portableExport(
  config: TelemetryExportConfig,
  inside: (path: string) => string,
): TelemetryExportConfig {
  const { otlp, zipkin, ecs, elasticsearch } = config;
  const hidden = (headers: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.keys(headers).map((name) => [name, withheld]));
  return {
    ...(otlp && { otlp: { url: redactText(otlp.url), headers: hidden(otlp.headers) } }),
    ...(zipkin && { zipkin: { url: redactText(zipkin.url) } }),
    ...(ecs && { ecs: { file: inside(ecs.file) } }),
    ...(elasticsearch && {
      elasticsearch: {
        ...elasticsearch,
        url: redactText(elasticsearch.url),
        headers: hidden(elasticsearch.headers),
      },
    }),
  };
}
