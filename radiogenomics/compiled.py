"""How kernels are compiled: ahead of the first call, once per machine, without fast math.

A kernel has explicit signatures, so that it is compiled when its module is imported, and it is kept on disk: beside the
module where that folder can be written to, otherwise in the user's cache folder. `NUMBA_CACHE_DIR` names another one.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any, TypeVar, cast


@contextmanager
def _absent(module: str) -> Iterator[None]:
    """Let a module seem not to be installed, unless it is imported already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


with _absent("coverage"):  # which numba imports where it is installed
    import numba

logger = logging.getLogger(__name__)
Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(*signatures: str, inline: bool = False) -> Callable[[Function], Function]:
    """Compile a function for the signatures; it releases the interpreter lock and divides as numpy does.

    With ``inline`` and no signature it is compiled into the kernels that call it.
    """
    _load_without_blas()
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    if inline:
        return cast(Callable[[Function], Function], numba.njit(**options))

    def compile_(function: Function) -> Function:
        try:
            return cast(Function, numba.njit(list(signatures), cache=True, **options)(function))
        except RuntimeError as error:  # numba's word for a folder that cannot be written to
            if "cannot cache" not in str(error):
                raise
            _tell()
            return cast(Function, numba.njit(list(signatures), **options)(function))

    return compile_


@cache
def _load_without_blas() -> None:
    """Load numba's array functions while `scipy.linalg` seems absent.

    Before its first kernel numba asks whether scipy has a BLAS, and to answer it imports all of `scipy.linalg`: a
    quarter of the time that a process needs to start. No kernel of ours multiplies matrices.
    """
    with _absent("scipy.linalg"):
        import_module("numba.np.arraymath")


@cache
def _tell() -> None:
    """Warn, once in the life of a process."""
    logger.warning("compiled code cannot be kept, so every start compiles again: name a folder in NUMBA_CACHE_DIR")
