/**
 * Every error Microcosm itself raises, in one table: its code, the HTTP status it becomes, whether a caller may
 * try again, and what to do about it. Code tests `error.code`, never the message.
 */
export const errorTable = {
  "bad-frame": { status: 502, retryable: false, hint: "Both ends must run the same Microcosm version." },
  "link-closed": {
    status: 503,
    retryable: true,
    hint: "The other process ended or restarted; idempotent calls are retried on another instance.",
  },
  "deadline-exceeded": {
    status: 504,
    retryable: false,
    hint: "Raise the edge's timeout in topology.yaml or make the callee faster.",
  },
  cancelled: { status: 499, retryable: false, hint: "The caller went away; nothing to do." },
  "unknown-service": {
    status: 502,
    retryable: false,
    hint: "Add the service under services: in topology.yaml.",
  },
  "edge-not-declared": {
    status: 502,
    retryable: false,
    hint: "Add the callee to the caller's uses: in topology.yaml.",
  },
  "no-ready-instance": {
    status: 503,
    retryable: true,
    hint: "See microcosm ps; the service is starting, draining, stopped or crash-looping.",
  },
  overloaded: { status: 503, retryable: true, hint: "A bounded queue is full; slow down or add instances." },
  "unknown-topic": {
    status: 422,
    retryable: false,
    hint: 'Declare the topic under topics: in topology.yaml, or allow all with a "*" entry.',
  },
  "event-invalid": {
    status: 422,
    retryable: false,
    hint: "The event's data does not match the schema its service publishes.",
  },
  "broker-unavailable": {
    status: 503,
    retryable: true,
    hint: "The broker is restarting; publishers wait for it within their deadline.",
  },
  "body-too-large": {
    status: 413,
    retryable: false,
    hint: "Send a smaller body or raise gateway.limits.body.",
  },
  "handler-failed": { status: 500, retryable: false, hint: "See the service's log; the handler threw." },
  "service-load-failed": {
    status: 500,
    retryable: false,
    hint: "The service's module could not be loaded; fix the file and restart it.",
  },
  "migration-failed": {
    status: 500,
    retryable: false,
    hint: "A migration's SQL failed; fix the file. Nothing of it was applied.",
  },
  "data-unwritable": {
    status: 500,
    retryable: false,
    hint: "Free space on the disk or choose another place with --data.",
  },
  "recording-invalid": {
    status: 422,
    retryable: false,
    hint: "Export the run again with microcosm export, or open the file with the Microcosm that made it.",
  },
  "topology-invalid": { status: 422, retryable: false, hint: "Run microcosm validate." },
  "already-running": {
    status: 409,
    retryable: false,
    hint: "Stop the other run with microcosm down, or choose another --data.",
  },
  "port-in-use": { status: 409, retryable: false, hint: "Choose another port, or 0 for any free one." },
  "not-running": { status: 409, retryable: false, hint: "Start one with microcosm up." },
  "not-found": { status: 404, retryable: false, hint: "Check the name." },
  "bad-request": { status: 400, retryable: false, hint: "Correct the request." },
  unauthorized: { status: 401, retryable: false, hint: "Send a valid token." },
  internal: { status: 500, retryable: false, hint: "This is a defect in Microcosm; please report it." },
} as const satisfies Record<string, { status: number; retryable: boolean; hint: string }>;

export type ErrorCode = keyof typeof errorTable;

/** An error with a code of the table. `message` says what happened and where; the table says what to do. */
export class MicrocosmError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "MicrocosmError";
    this.code = code;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }

  get hint(): string {
    return errorTable[this.code].hint;
  }
}
