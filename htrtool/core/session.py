"""ONNX Runtime sessions, as all our networks run in them."""

from __future__ import annotations

import os
from pathlib import Path

from htrtool.core.errors import ModelError

# What stands beside models, by their suffixes.
_OTHERS = {".keras": "one for training", ".lm": "a language model, which goes to --lm", ".md": "a model's card"}


def usable_cpus() -> int:
    """Return the number of CPUs that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def onnx_runtime():
    """Import ONNX Runtime, which would otherwise note down what computer this is, and send that to its makers."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


def open_session(model: Path | bytes, threads: int, source: str | None = None):
    """Load an ONNX model.

    Args:
        model: its file, or what is in it.
        threads: the threads that one run of it uses.
        source: what errors name; without it, the file.

    Raises:
        ModelError: the file is broken or no ONNX model.
    """
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait would take the CPUs from decoding and preparation.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The arena never gives back what the widest batch once took.
    options.enable_cpu_mem_arena = False
    try:
        return onnxruntime.InferenceSession(model if isinstance(model, bytes) else str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # ONNX Runtime raises a dozen classes of its own here, none with a common base but Exception.
        if isinstance(error, MemoryError) or "alloc" in str(error):
            raise MemoryError from None
        if isinstance(model, Path) and (received := _OTHERS.get(model.suffix)):
            exported = model.with_suffix(".onnx")
            advice = f": give {exported.name}, beside it" if exported.is_file() else ""
            raise ModelError(f"expected an ONNX model, received {received}{advice}", str(model)) from None
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"expected an ONNX model, received one that can't be loaded ({reason})", source or str(model)) from None
