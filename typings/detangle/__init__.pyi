from collections.abc import Awaitable, Callable

class SimConfig:
    def __init__(
        self,
        reorder: bool = True,
        timer_jitter: float = 0.0,
        jitter_steps: int = 4,
        step_cost: float = 0.0,
        max_steps: int = 200_000,
        max_time: float | None = None,
        fail_on_unobserved: bool = True,
        fail_on_callback_error: bool = True,
        check_leaks: bool = False,
        seed_random: bool = True,
        patch_time: bool = False,
        net: object = ...,
    ) -> None: ...

class RunResult:
    failure: object | None
    @property
    def ok(self) -> bool: ...

def execute(
    fn: Callable[..., Awaitable[object]],
    args: tuple[object, ...] = (),
    kwargs: dict[str, object] | None = None,
    *,
    config: SimConfig | None = None,
    strategy: object = None,
    trace: bool = False,
    setup: Callable[..., None] | None = None,
) -> RunResult: ...
def explore(
    fn: Callable[[], Awaitable[object]],
    *,
    runs: int | None = None,
    strategy: object = None,
    seed: int | None = None,
    max_duration: float | None = None,
    shrink: bool | None = None,
    config: SimConfig | None = None,
    database: str | bool | None = None,
    report_dir: str | None = None,
    replay: str | None = None,
    name: str | None = None,
) -> object: ...
