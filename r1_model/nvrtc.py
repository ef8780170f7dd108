"""CUDA kernels of this package: compiled at first use by NVRTC, launched on torch's stream.

PyTorch brings NVRTC and its Python bindings, so neither nvcc nor a C++ compiler is needed, and a
kernel takes a fraction of a second to build.
"""

from __future__ import annotations

import ctypes
import functools
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

FREE_SHARED_BYTES = 48 << 10  # of a thread block; more has to be asked for
PORTABLE_CLUSTER = 8  # thread blocks; larger clusters have to be asked for
Defines = tuple[tuple[str, int], ...]


class KernelError(RuntimeError):
    """The CUDA kernels cannot be built or launched here; the message says why."""


@functools.cache
def available(what: str) -> bool:
    """Whether kernels can be built here; where they cannot, that is said once, as a warning.

    Args:
        what: the start of the warning: what is slow without them.
    """
    try:
        check(_bindings()[1].nvrtcVersion(), "NVRTC")
    except (ImportError, RuntimeError) as error:  # no bindings; bindings without the library
        warnings.warn(
            f"{what}: they need the packages cuda-bindings and nvidia-cuda-nvrtc ({error})",
            RuntimeWarning,
            stacklevel=4,
        )
        return False
    return True


def compile_kernels(path: Path, major: int, minor: int, defines: Defines = ()) -> bytes:
    """Machine code (cubin) of a source file for compute capability major.minor.

    A GPU newer than NVRTC gets PTX for the newest one NVRTC knows. Needs no GPU.

    Raises:
        KernelError: NVRTC rejects the source; the message holds its log.
    """
    _, nvrtc = _bindings()
    known = check(nvrtc.nvrtcGetSupportedArchs(), "NVRTC")
    wanted = 10 * major + minor
    arch = max((a for a in known if a <= wanted), default=None)
    if arch is None:
        raise KernelError(f"NVRTC supports no GPU as old as compute capability {major}.{minor}")
    kind = "sm" if arch == wanted else "compute"
    options = [f"--gpu-architecture={kind}_{arch}", "--std=c++17"]
    options += [f"-D{name}={value}" for name, value in defines]
    shared = sorted(path.parent.glob("*.cuh"))  # what the source may include
    texts, names = [file.read_bytes() for file in shared], [file.name.encode() for file in shared]
    program = check(
        nvrtc.nvrtcCreateProgram(path.read_bytes(), path.name.encode(), len(texts), texts, names),
        "NVRTC",
    )
    encoded = [option.encode() for option in options]
    (status,) = nvrtc.nvrtcCompileProgram(program, len(encoded), encoded)
    if int(status) != 0:
        log = bytearray(check(nvrtc.nvrtcGetProgramLogSize(program), "NVRTC"))
        check(nvrtc.nvrtcGetProgramLog(program, log), "NVRTC")
        raise KernelError(f"{path.name}: {status.name}\n{log.decode()}")
    if kind == "sm":
        code = bytearray(check(nvrtc.nvrtcGetCUBINSize(program), "NVRTC"))
        check(nvrtc.nvrtcGetCUBIN(program, code), "NVRTC")
    else:
        code = bytearray(check(nvrtc.nvrtcGetPTXSize(program), "NVRTC"))
        check(nvrtc.nvrtcGetPTX(program, code), "NVRTC")
    return bytes(code)


def launch(
    path: Path,
    name: str,
    device: torch.device,
    *,
    grid: tuple[int, ...],
    threads: int,
    arguments: tuple[Tensor | int | float | None, ...],
    defines: Defines = (),
    cluster: int = 1,
    shared_bytes: int = 0,
    overlaps: bool = False,
) -> None:
    """Launch a kernel on torch's current stream.

    Args:
        path: the source file.
        name: of the kernel in it.
        device: where it runs.
        grid: thread blocks along x, y, z.
        threads: of a block.
        arguments: tensors go as pointers, None as a null pointer, int as int, float as float.
        defines: macros that the source is compiled with.
        cluster: thread blocks that share their memory.
        shared_bytes: dynamic shared memory of a block.
        overlaps: it may start before the kernel before it has ended, and waits for it itself
            (programmatic dependent launch; from compute capability 9.0 on).

    Raises:
        KernelError: it cannot be built or launched.
    """
    driver, _ = _bindings()
    with torch.cuda.device(device):
        kernel = _ready_kernel(path, name, defines, shared_bytes)
        values = [_c_value(argument) for argument in arguments]
        pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(v) for v in values))
        overlaps = overlaps and torch.cuda.get_device_capability()[0] >= 9
        config = _config(grid, threads, cluster, shared_bytes, overlaps)
        config.hStream = driver.CUstream(torch.cuda.current_stream().cuda_stream)
        check(
            driver.cuLaunchKernelEx(config, kernel, ctypes.addressof(pointers), 0),
            f"launching {name}",
        )


def active_clusters(
    path: Path,
    name: str,
    device: torch.device,
    *,
    threads: int,
    defines: Defines,
    cluster: int,
    shared_bytes: int,
) -> int:
    """Clusters of a kernel that run at a time; 0 where the GPU has no room for one."""
    driver, _ = _bindings()
    with torch.cuda.device(device):
        kernel = _ready_kernel(path, name, defines, shared_bytes)
        config = _config((cluster,), threads, cluster, shared_bytes)
        status, *found = driver.cuOccupancyMaxActiveClusters(kernel, config)
    # a part of a GPU may be too small for one: an answer, not an error
    return int(found[0]) if int(status) == 0 else 0


def shared_bytes_of(device: torch.device) -> int:
    """Shared memory that one thread block can ask for."""
    driver, _ = _bindings()
    attribute = driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    with torch.cuda.device(device):
        _ensure_context()
        handle = check(driver.cuCtxGetDevice(), "CUDA device")
        return int(check(driver.cuDeviceGetAttribute(attribute, handle), "shared memory"))


def check(result: tuple[Any, ...], what: str) -> Any:
    """The value of a driver or NVRTC call, or KernelError."""
    status, *values = result
    if int(status) != 0:
        raise KernelError(f"{what}: {status.name}")
    return values[0] if values else None


def _bindings() -> tuple[Any, Any]:
    from cuda.bindings import driver, nvrtc

    return driver, nvrtc


def _ensure_context() -> None:
    driver, _ = _bindings()
    if not int(check(driver.cuCtxGetCurrent(), "CUDA context")):
        torch.cuda.synchronize()  # a fresh thread has no context before its first runtime call


def _ready_kernel(path: Path, name: str, defines: Defines, shared_bytes: int) -> Any:
    """A kernel of the current device that may use this much shared memory."""
    _ensure_context()
    kernel = _kernel(path, name, torch.cuda.current_device(), defines)
    if shared_bytes > FREE_SHARED_BYTES:
        _set(kernel, "MAX_DYNAMIC_SHARED_SIZE_BYTES", shared_bytes)
    return kernel


@functools.cache
def _module(path: Path, device: int, defines: Defines) -> Any:
    driver, _ = _bindings()
    code = compile_kernels(path, *torch.cuda.get_device_capability(device), defines)
    return check(driver.cuModuleLoadData(code), f"loading {path.name}")


@functools.cache
def _kernel(path: Path, name: str, device: int, defines: Defines) -> Any:
    driver, _ = _bindings()
    module = _module(path, device, defines)
    kernel = check(driver.cuModuleGetFunction(module, name.encode()), f"finding {name}")
    if dict(defines).get("CLUSTER", 1) > PORTABLE_CLUSTER:
        _set(kernel, "NON_PORTABLE_CLUSTER_SIZE_ALLOWED", 1)
    return kernel


def _set(kernel: Any, attribute: str, value: int) -> None:
    driver, _ = _bindings()
    kind = getattr(driver.CUfunction_attribute, f"CU_FUNC_ATTRIBUTE_{attribute}")
    check(driver.cuFuncSetAttribute(kernel, kind, value), attribute.lower())


def _config(
    grid: tuple[int, ...], threads: int, cluster: int, shared_bytes: int, overlaps: bool = False
) -> Any:
    driver, _ = _bindings()
    config = driver.CUlaunchConfig()
    config.gridDimX, config.gridDimY, config.gridDimZ = (*grid, 1, 1)[:3]
    config.blockDimX, config.blockDimY, config.blockDimZ = threads, 1, 1
    config.sharedMemBytes = shared_bytes
    attributes = []
    if cluster > 1:
        attribute = driver.CUlaunchAttribute()
        attribute.id = driver.CUlaunchAttributeID.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION
        attribute.value.clusterDim.x = cluster
        attribute.value.clusterDim.y = attribute.value.clusterDim.z = 1
        attributes.append(attribute)
    if overlaps:
        attribute = driver.CUlaunchAttribute()
        kinds = driver.CUlaunchAttributeID
        attribute.id = kinds.CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION
        attribute.value.programmaticStreamSerializationAllowed = 1
        attributes.append(attribute)
    if attributes:
        config.attrs, config.numAttrs = attributes, len(attributes)
    return config


def _c_value(argument: Tensor | int | float | None) -> Any:
    if argument is None:
        return ctypes.c_void_p(0)
    if isinstance(argument, Tensor):
        return ctypes.c_void_p(argument.data_ptr())
    if isinstance(argument, float):
        return ctypes.c_float(argument)
    return ctypes.c_int(argument)
