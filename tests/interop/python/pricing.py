"""
A process that Microcosm knows nothing of, in Python with OpenTelemetry's own SDK: a price service. Its spans go on in the
trace that its caller's `traceparent` names, and leave by OTLP/HTTP to OTEL_EXPORTER_OTLP_ENDPOINT; so do its log lines
and metrics. Prints its port, and ends with SIGTERM.
"""

import http.server
import json
import logging
import signal
import threading
import urllib.request

from opentelemetry import metrics, propagate, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

resource = Resource.create({"service.name": "pricing", "service.instance.id": "pricing-python"})
spans = TracerProvider(resource=resource)
spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(spans)
lines = LoggerProvider(resource=resource)
lines.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
set_logger_provider(lines)
reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=500)
meters = MeterProvider(resource=resource, metric_readers=[reader])
metrics.set_meter_provider(meters)

log = logging.getLogger("pricing")
log.addHandler(LoggingHandler(logger_provider=lines))
log.setLevel(logging.INFO)
tracer = trace.get_tracer("pricing")
quotes = metrics.get_meter("pricing").create_counter("pricing.quotes", unit="{quote}")
took = metrics.get_meter("pricing").create_histogram("pricing.duration", unit="ms")


class Pricing(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        context = propagate.extract(dict(self.headers))
        with tracer.start_as_current_span("GET /price", context=context, kind=trace.SpanKind.SERVER) as span:
            span.set_attribute("http.request.method", "GET")
            with tracer.start_as_current_span("GET stock", kind=trace.SpanKind.CLIENT):
                headers = {}
                propagate.inject(headers)
                request = urllib.request.Request(self.headers["x-stock"], headers=headers)
                stock = json.load(urllib.request.urlopen(request, timeout=10))
            span.add_event("stock is known", {"stock": stock["stock"]})
            log.info("quoted a price for %s", self.path)
            quotes.add(1, {"currency": "EUR"})
            took.record(12.5)
            body = json.dumps({"priceCents": 999, **stock}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pricing)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print(server.server_port, flush=True)
server.serve_forever()
for provider in (spans, lines, meters):
    provider.shutdown()
