// Furthest point sampling. A cloud is split over a cluster of CLUSTER thread blocks (1 where the GPU
// has no clusters). Each thread holds POINTS_PER_THREAD points and their distances in registers, up
// to `in_shared` more in shared memory, and goes through the rest in global memory: a cloud of any
// size is sampled, and costs grow with it, without a step where it stops fitting.
//
// Each step: distances to the last choice, the furthest point of the warp, of the block, of the
// cluster. Blocks write their candidate into each other's shared memory; two alternating sets of
// slots make one cluster barrier a step enough. Ties go to the lowest index.

#define WARPS (THREADS / 32)
#define ALL 0xffffffffu

struct alignas(8) Candidate {
    int distance;  // bits of the float: order is kept for non-negative ones, absent ones are negative
    unsigned index;
};

__device__ __forceinline__ float squared_distance(
    float x, float y, float z, float qx, float qy, float qz) {
    const float dx = __fsub_rn(x, qx), dy = __fsub_rn(y, qy), dz = __fsub_rn(z, qz);
    // no fused multiply-add: the CPU path must come to the same bits
    return __fadd_rn(__fadd_rn(__fmul_rn(dx, dx), __fmul_rn(dy, dy)), __fmul_rn(dz, dz));
}

__device__ __forceinline__ Candidate warp_furthest(Candidate c) {
#if __CUDA_ARCH__ >= 800
    const int distance = __reduce_max_sync(ALL, c.distance);
    const unsigned index = __reduce_min_sync(ALL, c.distance == distance ? c.index : ALL);
    return {distance, index};
#else
    for (int offset = 16; offset; offset /= 2) {
        const int distance = __shfl_xor_sync(ALL, c.distance, offset);
        const unsigned index = __shfl_xor_sync(ALL, c.index, offset);
        if (distance > c.distance || (distance == c.distance && index < c.index))
            c = {distance, index};
    }
    return c;
#endif
}

#if CLUSTER > 1
__device__ __forceinline__ void cluster_barrier() {
    asm volatile(
        "barrier.cluster.arrive.release.aligned;\n"
        "barrier.cluster.wait.acquire.aligned;\n" ::: "memory");
}

// Address of `pointer` (own shared memory) in the shared memory of block `rank` of the cluster.
__device__ __forceinline__ unsigned in_block(const void* pointer, int rank) {
    unsigned address;
    asm("mapa.shared::cluster.u32 %0, %1, %2;"
        : "=r"(address) : "r"((unsigned)__cvta_generic_to_shared(pointer)), "r"(rank));
    return address;
}
#endif

extern "C" __global__ void __launch_bounds__(THREADS) furthest_point_sample(
    const float* __restrict__ xyz,  // (B, count, 3)
    int count,
    int npoint,
    int in_shared,  // points of a thread that lie in shared memory
    float* __restrict__ scratch,  // (B, count), null where registers and shared memory hold them all
    int* __restrict__ out) {  // (B, npoint)
    extern __shared__ float4 held[];  // (in_shared, THREADS): coordinates and distance
    __shared__ Candidate warp_slots[WARPS];
    __shared__ Candidate block_slots[2][CLUSTER];
    __shared__ float4 block_points[2][CLUSTER];

    const int cloud = blockIdx.x / CLUSTER, rank = blockIdx.x % CLUSTER;
    const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
    const int first = rank * THREADS + thread;
    constexpr int stride = CLUSTER * THREADS;
    xyz += (size_t)cloud * count * 3;
    out += (size_t)cloud * npoint;

#if POINTS_PER_THREAD > 0
    float x[POINTS_PER_THREAD], y[POINTS_PER_THREAD], z[POINTS_PER_THREAD];
    float nearest[POINTS_PER_THREAD];
#pragma unroll
    for (int k = 0; k < POINTS_PER_THREAD; ++k) {
        const int i = first + k * stride;
        const bool present = i < count;
        x[k] = present ? xyz[3 * i] : 0.f;
        y[k] = present ? xyz[3 * i + 1] : 0.f;
        z[k] = present ? xyz[3 * i + 2] : 0.f;
        nearest[k] = present ? __int_as_float(0x7f800000) : -1.f;
    }
#endif
    const int from_shared = first + POINTS_PER_THREAD * stride;
    for (int k = 0; k < in_shared; ++k) {
        const int i = from_shared + k * stride;
        held[k * THREADS + thread] =
            i < count ? make_float4(xyz[3 * i], xyz[3 * i + 1], xyz[3 * i + 2],
                                    __int_as_float(0x7f800000))
                      : make_float4(0.f, 0.f, 0.f, -1.f);
    }
    const int from_global = from_shared + in_shared * stride;
    if (scratch) {
        scratch += (size_t)cloud * count;
        for (int i = from_global; i < count; i += stride) scratch[i] = __int_as_float(0x7f800000);
    }
    float qx = xyz[0], qy = xyz[1], qz = xyz[2];
    if (first == 0) out[0] = 0;
#if CLUSTER > 1
    cluster_barrier();  // nobody writes into a block that has not started
#endif

    for (int step = 1; step < npoint; ++step) {
        float best = -1.f;
        unsigned index = ALL;
#if POINTS_PER_THREAD > 0
#pragma unroll
        for (int k = 0; k < POINTS_PER_THREAD; ++k) {
            nearest[k] = fminf(nearest[k], squared_distance(x[k], y[k], z[k], qx, qy, qz));
            if (nearest[k] > best) {
                best = nearest[k];
                index = first + k * stride;
            }
        }
#endif
#pragma unroll 4
        for (int k = 0; k < in_shared; ++k) {
            const float4 p = held[k * THREADS + thread];
            const float d = fminf(p.w, squared_distance(p.x, p.y, p.z, qx, qy, qz));
            if (d < p.w) held[k * THREADS + thread].w = d;
            if (d > best) {
                best = d;
                index = from_shared + k * stride;
            }
        }
#pragma unroll 2
        for (int i = from_global; i < count; i += stride) {
            const float d = squared_distance(xyz[3 * i], xyz[3 * i + 1], xyz[3 * i + 2], qx, qy, qz);
            const float nearest = fminf(scratch[i], d);
            scratch[i] = nearest;
            if (nearest > best) {
                best = nearest;
                index = i;
            }
        }
        const Candidate in_warp = warp_furthest({__float_as_int(best), index});
        if (lane == 0) warp_slots[warp] = in_warp;
        __syncthreads();
        const int set = step & 1;
        if (warp == 0) {
            const Candidate mine =
                warp_furthest(lane < WARPS ? warp_slots[lane] : Candidate{__float_as_int(-1.f), ALL});
            if (lane < CLUSTER) {
                // a block may hold no point at all; its candidate then loses to every other
                const unsigned i = mine.index < count ? mine.index : 0;
                const float px = xyz[3 * i], py = xyz[3 * i + 1], pz = xyz[3 * i + 2];
#if CLUSTER > 1
                asm volatile("st.shared::cluster.v2.u32 [%0], {%1, %2};"
                    :: "r"(in_block(&block_slots[set][rank], lane)), "r"(mine.distance),
                       "r"(mine.index) : "memory");
                asm volatile("st.shared::cluster.v4.f32 [%0], {%1, %2, %3, %4};"
                    :: "r"(in_block(&block_points[set][rank], lane)), "f"(px), "f"(py), "f"(pz),
                       "f"(0.f) : "memory");
#else
                block_slots[set][0] = mine;
                block_points[set][0] = make_float4(px, py, pz, 0.f);
#endif
            }
        }
#if CLUSTER > 1
        __syncwarp();  // the barrier wants whole warps
        cluster_barrier();
        const Candidate chosen = warp_furthest(
            lane < CLUSTER ? block_slots[set][lane] : Candidate{__float_as_int(-1.f), ALL});
        const float4 point = block_points[set][chosen.index / THREADS % CLUSTER];
#else
        __syncthreads();
        const Candidate chosen = block_slots[set][0];
        const float4 point = block_points[set][0];
#endif
        qx = point.x;
        qy = point.y;
        qz = point.z;
        if (first == 0) out[step] = chosen.index;
    }
}
