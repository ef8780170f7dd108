"""Every path of the point operators against the plain loops, indices and gradients alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor

from r1_model import nvrtc
from r1_model.pointnet2_ops import cuda, pointnet2_utils, reference
from r1_model.pointnet2_ops.sampling_schedule import THREADS, Processor, SamplingPlan, plan_sampling

# few distinct coordinates: duplicates and exact ties everywhere, also on the ball's surface
lattice = st.sampled_from([-1.0, -0.3, 0.0, 0.1, 0.2, 0.3, 1.0])


def clouds(most: int = 24) -> st.SearchStrategy[np.ndarray]:
    shape = st.tuples(st.just(2), st.integers(1, most), st.just(3))
    floats = st.floats(-2, 2, width=32)
    return shape.flatmap(lambda s: hnp.arrays(np.float32, s, elements=st.one_of(lattice, floats)))


def room(batch: int, count: int, seed: int = 0) -> Tensor:
    """Points on the walls of a room, so that neighbourhoods are full and empty ones exist."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 1, (batch, count, 3))
    axis = rng.integers(0, 3, (batch, count, 1))
    np.put_along_axis(points, axis, rng.integers(0, 2, axis.shape).astype(float), 2)
    return torch.from_numpy((points * [5, 4, 2.5]).astype(np.float32))


@settings(max_examples=40, deadline=None)
@given(cloud=clouds(), npoint=st.integers(1, 30))
def test_sampling_equals_reference(cloud: np.ndarray, npoint: int) -> None:
    xyz = torch.from_numpy(cloud)
    found = pointnet2_utils.furthest_point_sample(xyz, npoint)
    assert found.dtype == torch.int32
    assert torch.equal(found, reference.furthest_point_sample(xyz, npoint))


def test_sampling_starts_at_zero_and_ties_go_to_the_lowest_index() -> None:
    xyz = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [1, 0, 0]]])
    assert pointnet2_utils.furthest_point_sample(xyz, 4).tolist() == [[0, 1, 2, 3]]


def test_sampling_more_than_there_is_repeats_the_first() -> None:
    xyz = torch.tensor([[[0.0, 0, 0], [3, 0, 0], [3, 0, 0], [1, 0, 0]]])
    assert pointnet2_utils.furthest_point_sample(xyz, 6).tolist() == [[0, 1, 3, 0, 0, 0]]


def test_sampling_counts_points_near_the_origin() -> None:
    xyz = torch.tensor([[[5.0, 0, 0], [0.001, 0, 0], [4, 0, 0]]])
    assert pointnet2_utils.furthest_point_sample(xyz, 2).tolist() == [[0, 1]]


@settings(max_examples=40, deadline=None)
@given(
    cloud=clouds(),
    centers=clouds(8),
    radius=st.sampled_from([0.1, 0.2, 0.3, 1.0, 5.0]),
    nsample=st.integers(1, 30),
)
def test_ball_query_equals_reference(
    cloud: np.ndarray, centers: np.ndarray, radius: float, nsample: int
) -> None:
    xyz, new_xyz = torch.from_numpy(cloud), torch.from_numpy(centers)
    found = pointnet2_utils.ball_query(radius, nsample, xyz, new_xyz)
    assert found.dtype == torch.int32
    assert torch.equal(found, reference.ball_query(radius, nsample, xyz, new_xyz))


def test_ball_query_order_padding_and_emptiness() -> None:
    xyz = torch.tensor([[[9.0, 0, 0], [0.2, 0, 0], [0.1, 0, 0], [0, 0, 0]]])
    centers = torch.tensor([[[0.0, 0, 0], [50, 0, 0]]])
    found = pointnet2_utils.ball_query(0.15, 4, xyz, centers)
    assert found.tolist() == [[[2, 3, 2, 2], [0, 0, 0, 0]]]
    assert pointnet2_utils.ball_query(0.25, 2, xyz, centers)[0, 0].tolist() == [1, 2]


def test_ball_query_over_several_chunks_equals_brute_force() -> None:
    xyz = room(1, 9_000)
    centers = torch.cat((xyz[:, :2_500], xyz[:, :5] + 40), 1)
    found = pointnet2_utils.ball_query(0.3, 24, xyz, centers)
    inside = _squared(xyz, centers) < np.float32(0.3) * np.float32(0.3)
    for row, hits in zip(found[0], inside[0], strict=True):
        first = hits.nonzero().flatten()[:24]
        padding = first[0] if len(first) else 0
        assert row[: len(first)].tolist() == first.tolist()
        assert (row[len(first) :] == padding).all()


@settings(max_examples=40, deadline=None)
@given(unknown=clouds(8), known=clouds())
def test_three_nn_equals_reference(unknown: np.ndarray, known: np.ndarray) -> None:
    found = pointnet2_utils.three_nn(torch.from_numpy(unknown), torch.from_numpy(known))
    expected = reference.three_nn(torch.from_numpy(unknown), torch.from_numpy(known))
    assert torch.equal(found[1], expected[1])
    assert torch.equal(found[0], expected[0])


def test_three_nn_where_squares_underflow() -> None:
    known = torch.zeros(1, 11, 3)
    known[0, 0] = -1  # the tree's order of the rest is not that of their indices
    _, index = pointnet2_utils.three_nn(torch.full((1, 1, 3), 1e-45), known)
    assert index.tolist() == [[[1, 2, 3]]]


def test_three_nn_of_many_duplicates() -> None:
    known = torch.zeros(1, 50, 3)
    distance, index = pointnet2_utils.three_nn(torch.ones(1, 2, 3), known)
    assert index.tolist() == [[[0, 1, 2], [0, 1, 2]]]
    assert torch.allclose(distance, torch.tensor(3.0).sqrt())


def test_gathering_equals_reference_with_gradients() -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 3, 7, dtype=torch.float64, requires_grad=True)
    weight = torch.rand(2, 5, 3, dtype=torch.float64, requires_grad=True)
    single = torch.randint(0, 7, (2, 9), dtype=torch.int32)
    groups = torch.randint(0, 7, (2, 5, 3), dtype=torch.int32)
    cases = [
        ("gather_operation", (features, single)),
        ("grouping_operation", (features, groups)),
        ("three_interpolate", (features, groups, weight)),
    ]
    for name, arguments in cases:
        fast, slow = getattr(pointnet2_utils, name), getattr(reference, name)
        found, expected = fast(*arguments), slow(*arguments)
        assert torch.allclose(found, expected), name
        upstream = torch.randn_like(expected)
        wanted = [a for a in arguments if a.requires_grad]
        for got, want in zip(
            torch.autograd.grad(found, wanted, upstream),
            torch.autograd.grad(expected, wanted, upstream),
            strict=True,
        ):
            assert torch.allclose(got, want), name
        assert torch.autograd.gradcheck(fast, arguments), name


def test_empty_batch() -> None:
    nothing = torch.zeros(0, 5, 3)
    assert pointnet2_utils.furthest_point_sample(nothing, 2).shape == (0, 2)
    assert pointnet2_utils.ball_query(1.0, 4, nothing, nothing).shape == (0, 5, 4)
    assert pointnet2_utils.three_nn(nothing, nothing)[1].shape == (0, 5, 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: pointnet2_utils.furthest_point_sample(torch.zeros(5, 3), 2),
        lambda: pointnet2_utils.furthest_point_sample(torch.zeros(1, 0, 3), 2),
        lambda: pointnet2_utils.furthest_point_sample(torch.zeros(1, 5, 3), 0),
        lambda: pointnet2_utils.furthest_point_sample(torch.zeros(1, 5, 3, dtype=torch.int32), 2),
        lambda: pointnet2_utils.ball_query(0.0, 4, torch.zeros(1, 5, 3), torch.zeros(1, 2, 3)),
        lambda: pointnet2_utils.ball_query(1.0, 4, torch.zeros(1, 5, 3), torch.zeros(2, 2, 3)),
        lambda: pointnet2_utils.three_nn(torch.zeros(1, 5, 3), torch.zeros(1, 0, 3)),
        lambda: pointnet2_utils.gather_operation(torch.zeros(1, 5, 3), torch.zeros(2, 3)),
        lambda: pointnet2_utils.three_interpolate(
            torch.zeros(1, 5, 3), torch.zeros(1, 2, 3, dtype=torch.int32), torch.zeros(1, 3, 3)
        ),
    ],
)
def test_wrong_shapes_are_refused(call) -> None:
    with pytest.raises(ValueError, match=r"must|no points|do not belong|weight"):
        call()


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_operators_are_torchs_own_and_can_be_compiled(device: str) -> None:
    """Fake results have the shapes of real ones, and no compiled graph breaks at a call."""
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    xyz = room(2, 40).to(device)
    few = xyz[:, :7].contiguous()
    for operator, arguments in (
        (torch.ops.r1.furthest_point_sample, (xyz, 5)),
        (torch.ops.r1.ball_query, (0.3, 4, xyz, few)),
        (torch.ops.r1.three_nn, (xyz, few)),
    ):
        torch.library.opcheck(operator, arguments)

    def all_three(xyz: Tensor) -> tuple[Tensor, ...]:
        chosen = pointnet2_utils.furthest_point_sample(xyz, 6)
        centers = xyz.gather(1, chosen.long().unsqueeze(-1).expand(-1, -1, 3))
        near = pointnet2_utils.three_nn(xyz, centers)
        return chosen, pointnet2_utils.ball_query(0.3, 4, xyz, centers), *near

    whole = torch.compile(all_three, backend="eager", fullgraph=True)
    for compiled, plain in zip(whole(xyz), all_three(xyz), strict=True):
        assert torch.equal(compiled, plain)


HOPPER = Processor(132, True, 225 << 10, large_clusters=7)
AMPERE = Processor(108, False, 161 << 10)


@settings(max_examples=100, deadline=None)
@given(
    batch=st.integers(1, 200),
    count=st.integers(1, 2_000_000),
    gpu=st.sampled_from([HOPPER, AMPERE, Processor(132, True, 225 << 10)]),
)
def test_sampling_plans_fit_and_hold_what_they_can(batch: int, count: int, gpu: Processor) -> None:
    plan = plan_sampling(batch, count, gpu)
    assert plan.cluster == 1 or gpu.has_clusters
    assert plan.cluster <= 8 or gpu.large_clusters >= batch
    assert plan.in_shared * plan.threads * 16 <= gpu.shared_bytes
    full = plan.in_shared == gpu.shared_bytes // (plan.threads * 16)
    assert plan.held >= count or (full and plan.points_per_thread == 20)


def test_one_large_cloud_is_spread_and_many_small_ones_are_not() -> None:
    assert plan_sampling(1, 40_000, HOPPER) == SamplingPlan(8, THREADS, 10)
    assert plan_sampling(1, 100_000, HOPPER) == SamplingPlan(16, THREADS, 13)
    assert plan_sampling(1, 200_000, HOPPER) == SamplingPlan(16, THREADS, 20, 5)
    assert plan_sampling(8, 100_000, HOPPER) == SamplingPlan(8, THREADS, 20, 5)
    assert plan_sampling(200, 4_000, HOPPER).cluster == 1
    assert plan_sampling(1, 100_000, AMPERE) == SamplingPlan(1, THREADS, 20, 20)


@pytest.mark.parametrize("arch", [(7, 5), (8, 0), (9, 0), (10, 0)])
def test_kernels_compile_without_a_gpu(arch: tuple[int, int]) -> None:
    pytest.importorskip("cuda.bindings", reason="torch was installed without CUDA")
    for cluster in (1, 8, 16) if arch >= (9, 0) else (1,):
        defines = (("THREADS", 512), ("CLUSTER", cluster), ("POINTS_PER_THREAD", 10))
        code = nvrtc.compile_kernels(cuda.SOURCES / "furthest_point_sample.cu", *arch, defines)
        assert b"furthest_point_sample" in code
    assert b"three_nn" in nvrtc.compile_kernels(cuda.SOURCES / "neighbours.cu", *arch)
    assert b"scatter_add_32" in nvrtc.compile_kernels(cuda.SOURCES / "gather.cu", *arch)


def test_a_kernel_that_does_not_compile_says_why(tmp_path) -> None:
    pytest.importorskip("cuda.bindings", reason="torch was installed without CUDA")
    (tmp_path / "broken.cu").write_text("__global__ void k() { undeclared = 1; }")
    with pytest.raises(nvrtc.KernelError, match="undeclared"):
        nvrtc.compile_kernels(tmp_path / "broken.cu", 9, 0)


@pytest.fixture
def gpu() -> torch.device:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return torch.device("cuda", torch.cuda.current_device())


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("batch", "count", "npoint"),
    [
        (1, 40_000, 512),
        (3, 5_000, 300),
        (2, 700, 700),
        (5, 3, 8),
        (1, 100_000, 64),
        (1, 200_000, 40),
        (9, 100_000, 12),
    ],
)
def test_gpu_sampling_is_exact(gpu: torch.device, batch: int, count: int, npoint: int) -> None:
    # coordinates on a lattice: ties in every step
    for xyz in (room(batch, count), (room(batch, count, 1) * 8).round() / 8):
        expected = pointnet2_utils.furthest_point_sample(xyz, npoint)
        assert torch.equal(
            pointnet2_utils.furthest_point_sample(xyz.to(gpu), npoint).cpu(), expected
        )


@pytest.mark.gpu
@pytest.mark.parametrize("cluster", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("in_registers", [1, 3, 20])
@pytest.mark.parametrize("in_shared", [0, 2, 20])
def test_gpu_sampling_is_exact_in_every_plan(
    gpu: torch.device, cluster: int, in_registers: int, in_shared: int
) -> None:
    if cluster > 1 and not cuda.processor(gpu).has_clusters:
        pytest.skip("no thread block clusters before compute capability 9.0")
    if cluster == 16 and not cuda.processor(gpu).large_clusters:
        pytest.skip("no room for a cluster of 16 thread blocks")
    xyz = room(3, 30_000)
    xyz[1] = (xyz[1] * 8).round() / 8  # ties in every step
    plan = SamplingPlan(cluster, 512, in_registers, in_shared)
    found = cuda.furthest_point_sample(xyz.to(gpu), 200, plan)
    assert torch.equal(found.cpu(), pointnet2_utils.furthest_point_sample(xyz, 200))


@pytest.mark.gpu
@pytest.mark.parametrize(("count", "queries", "nsample"), [(9_001, 130, 32), (5, 3, 64)])
def test_gpu_neighbours_are_exact(
    gpu: torch.device, count: int, queries: int, nsample: int
) -> None:
    for scale in (None, 8):
        xyz = room(3, count)
        xyz = xyz if scale is None else (xyz * scale).round() / scale
        centers = torch.cat((xyz[:, :queries], xyz[:, :2] + 40), 1).contiguous()
        for radius in (0.125, 0.3, 3.0):
            expected = pointnet2_utils.ball_query(radius, nsample, xyz, centers)
            found = pointnet2_utils.ball_query(radius, nsample, xyz.to(gpu), centers.to(gpu))
            assert torch.equal(found.cpu(), expected)
        expected = pointnet2_utils.three_nn(xyz, centers)
        found = pointnet2_utils.three_nn(xyz.to(gpu), centers.to(gpu))
        assert torch.equal(found[1].cpu(), expected[1])
        assert torch.equal(found[0].cpu(), expected[0])


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_gpu_gathering_and_gradients(gpu: torch.device, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 70, 900).to(dtype)
    index = torch.randint(0, 900, (2, 333, 7), dtype=torch.int32)
    upstream = torch.randn(2, 70, 333, 7).to(dtype)
    results = []
    for device in ("cpu", gpu):
        leaf = features.to(device).requires_grad_()
        out = pointnet2_utils.grouping_operation(leaf, index.to(device))
        (grad,) = torch.autograd.grad(out, leaf, upstream.to(device))
        results.append((out.detach().cpu(), grad.cpu()))
    assert torch.equal(results[0][0], results[1][0])
    tolerance = 0.1 if dtype == torch.bfloat16 else 1e-4
    assert torch.allclose(results[0][1], results[1][1], rtol=tolerance, atol=tolerance)


def _squared(xyz: Tensor, centers: Tensor) -> np.ndarray:
    d = xyz.numpy()[:, None] - centers.numpy()[:, :, None]  # (B, M, N, 3)
    d *= d
    return torch.from_numpy((d[..., 0] + d[..., 1]) + d[..., 2])
