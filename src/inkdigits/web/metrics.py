"""What a server counts, for Prometheus: requests, how long they took, the confidence of digits."""

from __future__ import annotations

import os
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from inkdigits.reading import Reading
from inkdigits.web import SHARED_FOLDER

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)
CONFIDENCES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1)
ABOUT_THE_MODEL = ("name", "version", "revision")


class Metrics:
    """Of one app; `model` is what its model file says of itself."""

    def __init__(self, model: Mapping[str, str]) -> None:
        self._registry = own = CollectorRegistry()
        self._requests = Counter(
            "inkdigits_requests", "Requests answered.", ["path", "status"], registry=own
        )
        self._seconds = Histogram(
            "inkdigits_request_seconds",
            "From the head of a request to the end of its answer.",
            ["path"],
            buckets=SECONDS,
            registry=own,
        )
        self._confidence = Histogram(
            "inkdigits_digit_confidence",
            "Of the digits read, by their value.",
            ["digit"],
            buckets=CONFIDENCES,
            registry=own,
        )
        self._readings = Counter(
            "inkdigits_readings", "Pictures read, by the model's version.", ["model"], registry=own
        )
        Gauge(
            "inkdigits_model_info",
            "Always 1; which model file it began with.",
            ABOUT_THE_MODEL,
            registry=own,
            multiprocess_mode="max",
        ).labels(*(model.get(key, "") for key in ABOUT_THE_MODEL)).set(1)

    def count_request(self, path: str, status: int, seconds: float) -> None:
        self._requests.labels(path, status).inc()
        self._seconds.labels(path).observe(seconds)

    def count_reading(self, reading: Reading) -> None:
        self._readings.labels(reading.model).inc()
        for digit in reading.digits:
            self._confidence.labels(digit.value).observe(digit.confidence)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        registry = self._registry
        if os.environ.get(SHARED_FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
