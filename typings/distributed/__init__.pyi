from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from types import TracebackType
from typing import Self

from tornado.ioloop import IOLoop

class LocalCluster:
    def __init__(
        self,
        name: str | None = None,
        n_workers: int | None = None,
        threads_per_worker: int | None = None,
        processes: bool | None = None,
        loop: IOLoop | None = None,
        start: None = None,
        host: str | None = None,
        ip: None = None,
        scheduler_port: int = 0,
        silence_logs: int | bool = 30,
        dashboard_address: str | None = ":8787",
        worker_dashboard_address: str | None = None,
        services: None = None,
        worker_services: Mapping[object, object] | None = None,
        service_kwargs: Mapping[str, Mapping[str, object]] | None = None,
        asynchronous: bool = False,
        security: object = None,
        protocol: str | None = None,
        blocked_handlers: Sequence[str] | None = None,
        interface: str | None = None,
        worker_class: type | str | None = None,
        scheduler_kwargs: Mapping[str, object] | None = None,
        scheduler_sync_interval: float = 1,
        **worker_kwargs: object,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

class Client:
    def __init__(
        self,
        address: str | LocalCluster | None = None,
        loop: IOLoop | None = None,
        timeout: float | str | None = ...,
        set_as_default: bool = True,
        scheduler_file: str | None = None,
        security: object = None,
        asynchronous: bool = False,
        name: str | None = None,
        heartbeat_interval: float | str | None = None,
        serializers: Sequence[str] | None = None,
        deserializers: Sequence[str] | None = None,
        extensions: Mapping[str, object] = {},
        direct_to_workers: bool | None = None,
        connection_limit: int = 512,
        **kwargs: object,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def get_executor(
        self,
        *,
        pure: bool = ...,
        workers: str | Sequence[str] | None = ...,
        resources: Mapping[str, float] | None = ...,
        allow_other_workers: bool = ...,
        retries: int | None = ...,
    ) -> Executor: ...
