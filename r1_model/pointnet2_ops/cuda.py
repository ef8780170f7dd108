"""The point operators on a GPU: kernels of `csrc/`, compiled at first use by NVRTC.

PyTorch brings NVRTC and its Python bindings, so neither nvcc nor a C++ compiler is needed, and a
kernel takes a fraction of a second to build. Launches go to torch's current stream. Gradients of
gathering are sums in no fixed order: their last bits differ from run to run.
"""

from __future__ import annotations

import ctypes
import functools
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .plans import SamplingPlan, plan_sampling

SOURCES = Path(__file__).parent / "csrc"
BALL_WARPS = 8
NEIGHBOUR_THREADS = GATHER_THREADS = 256
MAX_GRID_Y = 65_535


class KernelError(RuntimeError):
    """The CUDA kernels cannot be built or launched here; the message says why."""


def use_kernels(tensor: Tensor) -> bool:
    """Whether the tensor lies on a GPU for which the kernels can be built.

    Where they cannot, the operators copy to the CPU and back; that is said once, as a warning.
    """
    return tensor.is_cuda and _available()


def furthest_point_sample(xyz: Tensor, npoint: int, plan: SamplingPlan | None = None) -> Tensor:
    """(B, N, 3) float32 contiguous on a GPU -> (B, npoint) int32."""
    batch, count, _ = xyz.shape
    index = torch.empty(batch, npoint, dtype=torch.int32, device=xyz.device)
    if not batch:
        return index
    properties = torch.cuda.get_device_properties(xyz.device)
    plan = plan or plan_sampling(
        batch, count, properties.multi_processor_count, properties.major >= 9
    )
    defines = (
        ("THREADS", plan.threads),
        ("CLUSTER", plan.cluster),
        ("POINTS_PER_THREAD", plan.points_per_thread),
    )
    scratch = None
    if not plan.points_per_thread:
        scratch = torch.empty(batch, count, dtype=torch.float32, device=xyz.device)
    _launch(
        "furthest_point_sample",
        xyz.device,
        grid=(batch * plan.cluster,),
        threads=plan.threads,
        arguments=(xyz, count, npoint, scratch, index),
        defines=defines,
        cluster=plan.cluster,
    )
    return index


def ball_query(radius: float, nsample: int, xyz: Tensor, new_xyz: Tensor) -> Tensor:
    """xyz (B, N, 3), new_xyz (B, M, 3) float32 contiguous -> (B, M, nsample) int32."""
    batch, queries, _ = new_xyz.shape
    index = torch.empty(batch, queries, nsample, dtype=torch.int32, device=xyz.device)
    if index.numel():
        _launch(
            "ball_query",
            xyz.device,
            grid=(-(-queries // BALL_WARPS), batch),
            threads=32 * BALL_WARPS,
            arguments=(xyz, new_xyz, xyz.shape[1], queries, float(radius), nsample, index),
        )
    return index


def three_nn(unknown: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """(B, n, 3), (B, m, 3) float32 contiguous -> distances and int32 indices (B, n, 3)."""
    batch, queries, _ = unknown.shape
    squared = torch.empty(batch, queries, 3, dtype=torch.float32, device=unknown.device)
    index = torch.empty(batch, queries, 3, dtype=torch.int32, device=unknown.device)
    if index.numel():
        _launch(
            "three_nn",
            unknown.device,
            grid=(-(-queries // NEIGHBOUR_THREADS), batch),
            threads=NEIGHBOUR_THREADS,
            arguments=(unknown, known, queries, known.shape[1], squared, index),
        )
    return squared.sqrt_(), index


def gather(features: Tensor, idx: Tensor) -> Tensor:
    """features (B, C, N), idx (B, P) -> (B, C, P), differentiable in features."""
    return _Gather.apply(features, idx)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, idx: Tensor) -> Tensor:
        features, idx = features.contiguous(), idx.int().contiguous()
        ctx.save_for_backward(idx)
        ctx.count = features.shape[2]
        batch, channels, count = features.shape
        out = features.new_empty(batch, channels, idx.shape[1])
        if out.numel():
            _launch(
                f"gather_{8 * features.element_size()}",
                features.device,
                grid=_gather_grid(batch, channels, idx.shape[1]),
                threads=GATHER_THREADS,
                arguments=(features, idx, channels, count, idx.shape[1], out),
            )
        return out

    @staticmethod
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor, None]:
        (idx,) = ctx.saved_tensors
        batch, channels, size = grad_out.shape
        # half-precision sums would lose what many neighbours add up to
        wide = torch.float64 if grad_out.dtype == torch.float64 else torch.float32
        grad_out_wide = grad_out.to(wide).contiguous()
        grad = grad_out_wide.new_zeros(batch, channels, ctx.count)
        if grad_out.numel():
            _launch(
                f"scatter_add_{8 * grad.element_size()}",
                grad.device,
                grid=_gather_grid(batch, channels, size),
                threads=GATHER_THREADS,
                arguments=(grad_out_wide, idx, channels, ctx.count, size, grad),
            )
        return grad.to(grad_out.dtype), None


def _gather_grid(batch: int, channels: int, size: int) -> tuple[int, int, int]:
    return -(-size // GATHER_THREADS), min(channels, MAX_GRID_Y), batch


@functools.cache
def _available() -> bool:
    try:
        _check(_bindings()[1].nvrtcVersion(), "NVRTC")
    except (ImportError, RuntimeError) as error:  # no bindings; bindings without the library
        warnings.warn(
            "point operators of GPU tensors run on the CPU, slowly: they need the packages "
            f"cuda-bindings and nvidia-cuda-nvrtc ({error})",
            RuntimeWarning,
            stacklevel=4,
        )
        return False
    return True


def _bindings() -> tuple[Any, Any]:
    from cuda.bindings import driver, nvrtc

    return driver, nvrtc


def _check(result: tuple, what: str) -> Any:
    """The value of a driver or NVRTC call, or KernelError."""
    status, *values = result
    if int(status) != 0:
        raise KernelError(f"{what}: {status.name}")
    return values[0] if values else None


def compile_kernels(
    source: str, major: int, minor: int, defines: tuple[tuple[str, int], ...] = ()
) -> bytes:
    """Machine code (cubin) of `csrc/<source>.cu` for compute capability major.minor.

    A GPU newer than NVRTC gets PTX for the newest one NVRTC knows. Needs no GPU.

    Raises:
        KernelError: NVRTC rejects the source; the message holds its log.
    """
    _, nvrtc = _bindings()
    known = _check(nvrtc.nvrtcGetSupportedArchs(), "NVRTC")
    wanted = 10 * major + minor
    arch = max((a for a in known if a <= wanted), default=None)
    if arch is None:
        raise KernelError(f"NVRTC supports no GPU as old as compute capability {major}.{minor}")
    kind = "sm" if arch == wanted else "compute"
    options = [f"--gpu-architecture={kind}_{arch}", "--std=c++17"]
    options += [f"-D{name}={value}" for name, value in defines]
    path = SOURCES / f"{source}.cu"
    program = _check(
        nvrtc.nvrtcCreateProgram(path.read_bytes(), path.name.encode(), 0, [], []), "NVRTC"
    )
    encoded = [option.encode() for option in options]
    (status,) = nvrtc.nvrtcCompileProgram(program, len(encoded), encoded)
    if int(status) != 0:
        log = bytearray(_check(nvrtc.nvrtcGetProgramLogSize(program), "NVRTC"))
        _check(nvrtc.nvrtcGetProgramLog(program, log), "NVRTC")
        raise KernelError(f"{path.name}: {status.name}\n{log.decode()}")
    if kind == "sm":
        code = bytearray(_check(nvrtc.nvrtcGetCUBINSize(program), "NVRTC"))
        _check(nvrtc.nvrtcGetCUBIN(program, code), "NVRTC")
    else:
        code = bytearray(_check(nvrtc.nvrtcGetPTXSize(program), "NVRTC"))
        _check(nvrtc.nvrtcGetPTX(program, code), "NVRTC")
    return bytes(code)


_FILES = {
    "furthest_point_sample": "furthest_point_sample",
    "ball_query": "neighbours",
    "three_nn": "neighbours",
    "gather_16": "gather",
    "gather_32": "gather",
    "gather_64": "gather",
    "scatter_add_32": "gather",
    "scatter_add_64": "gather",
}


@functools.cache
def _module(source: str, device: int, defines: tuple[tuple[str, int], ...]) -> Any:
    driver, _ = _bindings()
    code = compile_kernels(source, *torch.cuda.get_device_capability(device), defines)
    return _check(driver.cuModuleLoadData(code), f"loading {source}.cu")


@functools.cache
def _kernel(name: str, device: int, defines: tuple[tuple[str, int], ...]) -> Any:
    driver, _ = _bindings()
    module = _module(_FILES[name], device, defines)
    kernel = _check(driver.cuModuleGetFunction(module, name.encode()), f"finding {name}")
    if dict(defines).get("CLUSTER", 1) > 8:
        attribute = driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED
        _check(driver.cuFuncSetAttribute(kernel, attribute, 1), f"large clusters for {name}")
    return kernel


def _launch(
    name: str,
    device: torch.device,
    *,
    grid: tuple[int, ...],
    threads: int,
    arguments: tuple[Tensor | int | float | None, ...],
    defines: tuple[tuple[str, int], ...] = (),
    cluster: int = 1,
) -> None:
    """Launch on torch's current stream. Tensors go as pointers, int as int, float as float."""
    driver, _ = _bindings()
    with torch.cuda.device(device):
        if not int(_check(driver.cuCtxGetCurrent(), "CUDA context")):
            torch.cuda.synchronize()  # a fresh thread has no context before its first runtime call
        stream = torch.cuda.current_stream().cuda_stream
        kernel = _kernel(name, torch.cuda.current_device(), defines)
        values = [_c_value(argument) for argument in arguments]
        pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(v) for v in values))
        config = driver.CUlaunchConfig()
        config.gridDimX, config.gridDimY, config.gridDimZ = (*grid, 1, 1)[:3]
        config.blockDimX, config.blockDimY, config.blockDimZ = threads, 1, 1
        config.sharedMemBytes = 0
        config.hStream = driver.CUstream(stream)
        if cluster > 1:
            attribute = driver.CUlaunchAttribute()
            attribute.id = driver.CUlaunchAttributeID.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION
            attribute.value.clusterDim.x = cluster
            attribute.value.clusterDim.y = attribute.value.clusterDim.z = 1
            config.attrs, config.numAttrs = [attribute], 1
        _check(
            driver.cuLaunchKernelEx(config, kernel, ctypes.addressof(pointers), 0),
            f"launching {name}",
        )


def _c_value(argument: Tensor | int | float | None) -> Any:
    if argument is None:
        return ctypes.c_void_p(0)
    if isinstance(argument, Tensor):
        return ctypes.c_void_p(argument.data_ptr())
    if isinstance(argument, float):
        return ctypes.c_float(argument)
    return ctypes.c_int(argument)
