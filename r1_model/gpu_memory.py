"""A GPU's memory: giving it back to others."""

from __future__ import annotations

import gc

import torch


def give_back() -> None:
    """Return to the GPU what objects that are gone had taken.

    PyTorch keeps freed memory for itself, and cuBLAS a workspace for each stream that was used.
    """
    gc.collect()
    if torch.cuda.is_initialized():
        torch._C._cuda_clearCublasWorkspaces()
        torch.cuda.empty_cache()
