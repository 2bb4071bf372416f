"""How kernels are compiled: ahead of the first call, once per machine, without fast math.

A kernel has explicit signatures, so that it is compiled when its module is imported, and it is kept on disk: beside the
module where that folder can be written to, otherwise in the user's cache folder. `NUMBA_CACHE_DIR` names another one.
"""

import logging
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, TypeVar, cast

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
    if "scipy.linalg" in sys.modules:
        return
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
    try:
        import_module("numba.np.arraymath")
    finally:
        del sys.modules["scipy.linalg"]


@cache
def _tell() -> None:
    """Warn, once in the life of a process."""
    logger.warning("compiled code cannot be kept, so every start compiles again: name a folder in NUMBA_CACHE_DIR")
