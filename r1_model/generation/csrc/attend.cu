// Attention of one new token of a Qwen2.5 language model over a static cache.
//
// Macros: BF16 (else float32); HEAD_DIM, GROUP, SPLITS for `attend`.

#include "values.cuh"

#ifdef HEAD_DIM
#define THREADS 128
#define WARPS (THREADS / 32)
#define LANES (HEAD_DIM / VEC)  // threads that share a key
#define KEYS (THREADS / LANES)  // keys that are looked at together
#define TILE 64
#define STEPS (TILE / KEYS)
#define STEPS_TOGETHER (TILE * HEAD_DIM / VEC <= 8 * THREADS)  // else registers do not suffice

// Turns a packet of a head at a position: rotary embedding with halves as pairs.
__device__ __forceinline__ void rotate(
    const scalar* head, int packet, const float* cosine, const float* sine, float* out) {
    const int partner = (packet + LANES / 2) % LANES;
    float own[VEC], other[VEC];
    unpack(reinterpret_cast<const uint4*>(head)[packet], own);
    unpack(reinterpret_cast<const uint4*>(head)[partner], other);
    const float sign = packet < LANES / 2 ? -1.f : 1.f;
#pragma unroll
    for (int i = 0; i < VEC; ++i) out[i] = own[i] * cosine[i] + sign * other[i] * sine[i];
}

#if STEPS_TOGETHER
// What a thread needs of the `here` keys and values from `start` on; zeros behind them.
__device__ __forceinline__ void load_tile(
    const scalar* keys, const scalar* values, int start, int here, int member, int packet,
    uint4* packed, uint4* carried) {
    const uint4* rows = reinterpret_cast<const uint4*>(keys) + (size_t)start * LANES + packet;
    const uint4* columns = reinterpret_cast<const uint4*>(values) + (size_t)start * LANES + packet;
#pragma unroll
    for (int i = 0; i < STEPS; ++i) {
        const int j = member + i * KEYS;
        packed[i] = j < here ? rows[(size_t)j * LANES] : make_uint4(0, 0, 0, 0);
        carried[i] = j < here ? columns[(size_t)j * LANES] : make_uint4(0, 0, 0, 0);
    }
}
#endif

// A block is one group of query heads, that share keys and values, of one sequence, over one of
// SPLITS parts of its keys. The part with the new key turns it and stores it. The block that is last
// to end joins the parts.
extern "C" __global__ void __launch_bounds__(THREADS) attend(
    const scalar* queries,  // (rows, kv_heads * GROUP * HEAD_DIM), each row at a stride
    const scalar* new_keys,  // (rows, kv_heads * HEAD_DIM)
    const scalar* new_values,
    int query_stride,
    int key_stride,
    const long long* positions,  // (rows,) of the rotary embedding
    const long long* lengths,  // (rows,) keys that are there already
    const float* __restrict__ frequencies,  // (HEAD_DIM / 2,)
    scalar* keys,  // (rows, kv_heads, capacity, HEAD_DIM)
    scalar* values,
    int capacity,
    float scale,
    float* partial,  // (rows, kv_heads, SPLITS, GROUP, HEAD_DIM + 2)
    int* tickets,  // (rows, kv_heads) zeros; they are zeros again at the end
    scalar* out) {  // (rows, kv_heads * GROUP * HEAD_DIM)
    __shared__ float scores[GROUP][TILE];
    __shared__ float highest[GROUP], total[GROUP], factor[GROUP];
    __shared__ float joined[WARPS][GROUP][HEAD_DIM];
    __shared__ bool is_last;
    const int head = blockIdx.x, part = blockIdx.y, row = blockIdx.z, heads = gridDim.x;
    const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
    const int packet = thread % LANES, member = thread / LANES;
    let_next_start();
    // positions, lengths and the keys that are there already are of earlier steps, which have ended
    const int count = (int)lengths[row] + 1;
    const int share = max(TILE, (count + SPLITS - 1) / SPLITS);
    const int parts = (count + share - 1) / share;
    if (part >= parts) return wait_for_previous();
    const int begin = part * share, end = min(count, begin + share);
    keys += ((size_t)row * heads + head) * capacity * HEAD_DIM;
    values += ((size_t)row * heads + head) * capacity * HEAD_DIM;
    queries += (size_t)row * query_stride + head * GROUP * HEAD_DIM;
    out += ((size_t)row * heads + head) * GROUP * HEAD_DIM;

    float cosine[VEC], sine[VEC];
#pragma unroll
    for (int i = 0; i < VEC; ++i) {
        const float angle = frequencies[(packet * VEC + i) % (HEAD_DIM / 2)] * (float)positions[row];
        sincosf(angle, &sine[i], &cosine[i]);
    }
#if STEPS_TOGETHER
    uint4 packed[STEPS], carried[STEPS];  // all loads of a tile under way at once
    load_tile(keys, values, begin, end - begin, member, packet, packed, carried);
#endif
    wait_for_previous();
    float query[GROUP][VEC];
#pragma unroll
    for (int g = 0; g < GROUP; ++g) {
        rotate(queries + g * HEAD_DIM, packet, cosine, sine, query[g]);
#pragma unroll
        for (int i = 0; i < VEC; ++i) query[g][i] *= scale;
    }
    if (end == count && member == 0) {
        float turned[VEC];
        const size_t from = (size_t)row * key_stride + head * HEAD_DIM;
        const size_t to = (size_t)(count - 1) * LANES + packet;
        rotate(new_keys + from, packet, cosine, sine, turned);
        reinterpret_cast<uint4*>(keys)[to] = pack(turned);
        reinterpret_cast<uint4*>(values)[to] =
            reinterpret_cast<const uint4*>(new_values + from)[packet];
    }
    if (thread < GROUP) {
        highest[thread] = -INFINITE;
        total[thread] = 0.f;
    }
    float sum[GROUP][VEC];
#pragma unroll
    for (int g = 0; g < GROUP; ++g)
#pragma unroll
        for (int i = 0; i < VEC; ++i) sum[g][i] = 0.f;
    __syncthreads();

    for (int start = begin; start < end; start += TILE) {
        const int here = min(TILE, end - start);
        const uint4* rows = reinterpret_cast<const uint4*>(keys) + (size_t)start * LANES + packet;
        const uint4* columns = reinterpret_cast<const uint4*>(values) + (size_t)start * LANES + packet;
#if STEPS_TOGETHER
        if (start > begin) load_tile(keys, values, start, here, member, packet, packed, carried);
#pragma unroll
        for (int i = 0; i < STEPS; ++i)
            if (start + member + i * KEYS == count - 1) {  // the new one was not there before
                packed[i] = rows[(size_t)(member + i * KEYS) * LANES];
                carried[i] = columns[(size_t)(member + i * KEYS) * LANES];
            }
#pragma unroll
#else
#pragma unroll 4
#endif
        for (int i = 0; i < STEPS; ++i) {
            const int j = member + i * KEYS;
            float key[VEC];
#if STEPS_TOGETHER
            unpack(packed[i], key);
#else
            unpack(j < here ? rows[(size_t)j * LANES] : make_uint4(0, 0, 0, 0), key);
#endif
#pragma unroll
            for (int g = 0; g < GROUP; ++g) {
                float product = 0.f;
#pragma unroll
                for (int v = 0; v < VEC; ++v) product = fmaf(query[g][v], key[v], product);
#pragma unroll
                for (int offset = LANES / 2; offset; offset /= 2)
                    product += __shfl_xor_sync(ALL, product, offset);
                if (packet == 0) scores[g][j] = j < here ? product : -INFINITE;
            }
        }
        __syncthreads();
        for (int g = warp; g < GROUP; g += WARPS) {
            const float a = scores[g][lane], b = scores[g][lane + 32];
            float peak = fmaxf(a, b);
#pragma unroll
            for (int offset = 16; offset; offset /= 2)
                peak = fmaxf(peak, __shfl_xor_sync(ALL, peak, offset));
            peak = fmaxf(peak, highest[g]);
            const float ea = expf(a - peak), eb = expf(b - peak);
            scores[g][lane] = ea;
            scores[g][lane + 32] = eb;
            const float added = warp_sum(ea + eb);
            if (lane == 0) {
                factor[g] = expf(highest[g] - peak);
                total[g] = total[g] * factor[g] + added;
                highest[g] = peak;
            }
        }
        __syncthreads();
#pragma unroll
        for (int g = 0; g < GROUP; ++g)
#pragma unroll
            for (int i = 0; i < VEC; ++i) sum[g][i] *= factor[g];
#if STEPS_TOGETHER
#pragma unroll
#else
#pragma unroll 4
#endif
        for (int i = 0; i < STEPS; ++i) {
            const int j = member + i * KEYS;
            float value[VEC];
#if STEPS_TOGETHER
            unpack(carried[i], value);  // behind the end: zeros, with scores of 0
#else
            unpack(j < here ? columns[(size_t)j * LANES] : make_uint4(0, 0, 0, 0), value);
#endif
#pragma unroll
            for (int g = 0; g < GROUP; ++g)
#pragma unroll
                for (int v = 0; v < VEC; ++v) sum[g][v] = fmaf(scores[g][j], value[v], sum[g][v]);
        }
        __syncthreads();
    }

#pragma unroll
    for (int g = 0; g < GROUP; ++g)
#pragma unroll
        for (int i = 0; i < VEC; ++i) {
            float value = sum[g][i];
#pragma unroll
            for (int offset = LANES; offset < 32; offset *= 2)
                value += __shfl_xor_sync(ALL, value, offset);
            if (lane < LANES) joined[warp][g][packet * VEC + i] = value;
        }
    __syncthreads();
    partial += ((size_t)row * heads + head) * SPLITS * GROUP * (HEAD_DIM + 2);
    for (int i = thread; i < GROUP * HEAD_DIM; i += THREADS) {
        const int g = i / HEAD_DIM, d = i % HEAD_DIM;
        float value = 0.f;
#pragma unroll
        for (int w = 0; w < WARPS; ++w) value += joined[w][g][d];
        if (parts == 1)
            out[i] = narrow(value / total[g]);
        else
            partial[(part * GROUP + g) * (HEAD_DIM + 2) + d] = value;
    }
    if (parts == 1) return;
    if (thread < GROUP) {
        float* mine = partial + (part * GROUP + thread) * (HEAD_DIM + 2) + HEAD_DIM;
        mine[0] = highest[thread];
        mine[1] = total[thread];
    }
    __threadfence();
    __syncthreads();
    int* ticket = tickets + row * heads + head;
    if (thread == 0) is_last = atomicAdd(ticket, 1) == parts - 1;
    __syncthreads();
    if (!is_last) return;
    __threadfence();
    if (thread == 0) *ticket = 0;
    for (int i = thread; i < GROUP * HEAD_DIM; i += THREADS) {
        const int g = i / HEAD_DIM, d = i % HEAD_DIM;
        float peak = -INFINITE;
        for (int p = 0; p < parts; ++p)
            peak = fmaxf(peak, __ldcg(partial + (p * GROUP + g) * (HEAD_DIM + 2) + HEAD_DIM));
        float value = 0.f, weight = 0.f;
        for (int p = 0; p < parts; ++p) {
            const float* one = partial + (p * GROUP + g) * (HEAD_DIM + 2);
            const float share_of = expf(__ldcg(one + HEAD_DIM) - peak);
            value = fmaf(__ldcg(one + d), share_of, value);
            weight = fmaf(__ldcg(one + HEAD_DIM + 1), share_of, weight);
        }
        out[i] = narrow(value / weight);
    }
}
#endif
