"""OTLP requests in protobuf, with the messages of the package `opentelemetry-proto`: the extra `tokcost[otlp]`.

A request is turned into its JSON mapping, so that what is kept of it is decided in one place.
"""

from tokcost.receivers.otlp import Signal


def is_available() -> bool:
    """Whether the extra is installed."""
    from importlib.util import find_spec

    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.proto") is not None


def as_json(signal: Signal, body: bytes) -> bytes:
    """The JSON of a request in protobuf. Metrics are not read. Raises `ValueError` where it is no such request."""
    from google.protobuf.json_format import MessageToJson
    from google.protobuf.message import DecodeError

    if signal == "logs":
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest as Request
    elif signal == "traces":
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest as Request
    else:
        return b"{}"
    try:
        message = Request.FromString(body)
    except DecodeError as error:
        raise ValueError("no OTLP request in protobuf") from error
    return MessageToJson(message, indent=None).encode()
