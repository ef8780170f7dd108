// Ball query and three nearest neighbours: the cloud passes through shared memory in tiles.

#define TILE 1024
#define BALL_WARPS 8
#define NEIGHBOUR_THREADS 256
#define ALL 0xffffffffu

__device__ __forceinline__ float squared_distance(const float* p, float qx, float qy, float qz) {
    const float dx = __fsub_rn(p[0], qx), dy = __fsub_rn(p[1], qy), dz = __fsub_rn(p[2], qz);
    // no fused multiply-add: the CPU path must come to the same bits
    return __fadd_rn(__fadd_rn(__fmul_rn(dx, dx), __fmul_rn(dy, dy)), __fmul_rn(dz, dz));
}

__device__ __forceinline__ void load_tile(float* tile, const float* xyz, int start, int size) {
    for (int i = threadIdx.x; i < 3 * size; i += blockDim.x) tile[i] = xyz[3 * (size_t)start + i];
}

// One warp a centre: 32 points at a time, their hits ranked by ballot, so that indices come in order.
extern "C" __global__ void __launch_bounds__(32 * BALL_WARPS) ball_query(
    const float* __restrict__ xyz,      // (B, count, 3)
    const float* __restrict__ centers,  // (B, queries, 3)
    int count,
    int queries,
    float radius,
    int nsample,
    int* __restrict__ out) {  // (B, queries, nsample)
    __shared__ float tile[3 * TILE];
    const int lane = threadIdx.x % 32;
    const int query = blockIdx.x * BALL_WARPS + threadIdx.x / 32;
    const bool present = query < queries;
    const float radius2 = __fmul_rn(radius, radius);
    const size_t row = (size_t)blockIdx.y * queries + (present ? query : 0);
    const float qx = centers[3 * row], qy = centers[3 * row + 1], qz = centers[3 * row + 2];
    xyz += (size_t)blockIdx.y * count * 3;
    out += row * nsample;

    int found = 0, first = 0;
    for (int start = 0; start < count; start += TILE) {
        // also keeps the tile until every warp has read it
        if (__syncthreads_and(!present || found >= nsample)) break;
        const int size = min(TILE, count - start);
        load_tile(tile, xyz, start, size);
        __syncthreads();
        if (!present) continue;
        for (int base = 0; base < size && found < nsample; base += 32) {
            const int i = base + lane;
            const bool hit = i < size && squared_distance(tile + 3 * i, qx, qy, qz) < radius2;
            const unsigned hits = __ballot_sync(ALL, hit);
            if (!hits) continue;
            const int place = found + __popc(hits & ((1u << lane) - 1));
            if (hit && place < nsample) out[place] = start + i;
            if (!found) first = start + base + __ffs(hits) - 1;
            found += __popc(hits);
        }
    }
    if (present)
        for (int place = found + lane; place < nsample; place += 32) out[place] = first;
}

// One thread an unknown point. Points come in index order: "less than" leaves ties to the lowest.
extern "C" __global__ void __launch_bounds__(NEIGHBOUR_THREADS) three_nn(
    const float* __restrict__ unknown,  // (B, queries, 3)
    const float* __restrict__ known,    // (B, count, 3)
    int queries,
    int count,
    float* __restrict__ squared,  // (B, queries, 3)
    int* __restrict__ index) {    // (B, queries, 3)
    __shared__ float tile[3 * TILE];
    const int query = blockIdx.x * NEIGHBOUR_THREADS + threadIdx.x;
    const bool present = query < queries;
    const size_t row = 3 * ((size_t)blockIdx.y * queries + (present ? query : 0));
    const float qx = unknown[row], qy = unknown[row + 1], qz = unknown[row + 2];
    known += (size_t)blockIdx.y * count * 3;

    const float infinity = __int_as_float(0x7f800000);
    float d0 = infinity, d1 = infinity, d2 = infinity;
    int i0 = 0, i1 = 0, i2 = 0;
    for (int start = 0; start < count; start += TILE) {
        const int size = min(TILE, count - start);
        __syncthreads();
        load_tile(tile, known, start, size);
        __syncthreads();
        for (int i = 0; i < size; ++i) {
            const float d = squared_distance(tile + 3 * i, qx, qy, qz);
            if (d < d2) {
                if (d < d1) {
                    d2 = d1, i2 = i1;
                    if (d < d0) {
                        d1 = d0, i1 = i0;
                        d0 = d, i0 = start + i;
                    } else {
                        d1 = d, i1 = start + i;
                    }
                } else {
                    d2 = d, i2 = start + i;
                }
            }
        }
    }
    if (present) {
        squared[row] = d0, squared[row + 1] = d1, squared[row + 2] = d2;
        index[row] = i0, index[row + 1] = i1, index[row + 2] = i2;
    }
}
