// One token of a Qwen2.5 language model: products with one vector, and attention over a static cache.
//
// At batch 1 a step reads every weight once and does little else, so the products are written for
// bandwidth: a warp a row of the matrix, 16 bytes a load, the first loads under way before the
// vector is there. Norm, bias, residual and gate are folded in. Sums are float32.
//
// Macros: BF16 (else float32), GATED for `linear_one`; HEAD_DIM, GROUP, SPLITS for `attend`.

#if BF16
typedef unsigned short scalar;
#define VEC 8
#else
typedef float scalar;
#define VEC 4
#endif
#define ALL 0xffffffffu
#define INFINITE __int_as_float(0x7f800000)

__device__ __forceinline__ float widen(scalar value) {
#if BF16
    return __uint_as_float((unsigned)value << 16);
#else
    return value;
#endif
}

__device__ __forceinline__ scalar narrow(float value) {
#if BF16
    const unsigned bits = __float_as_uint(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (bits >> 16) | 0x40;  // NaN stays NaN
    return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
#else
    return value;
#endif
}

__device__ __forceinline__ void unpack(const uint4& packed, float* out) {
    const unsigned words[4] = {packed.x, packed.y, packed.z, packed.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#if BF16
        out[2 * i] = __uint_as_float(words[i] << 16);
        out[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
#else
        out[i] = __uint_as_float(words[i]);
#endif
    }
}

__device__ __forceinline__ uint4 pack(const float* in) {
    unsigned words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#if BF16
        words[i] = (unsigned)narrow(in[2 * i]) | ((unsigned)narrow(in[2 * i + 1]) << 16);
#else
        words[i] = __float_as_uint(in[i]);
#endif
    }
    return make_uint4(words[0], words[1], words[2], words[3]);
}

__device__ __forceinline__ float dot(const uint4& a, const uint4& b, float sum) {
    float x[VEC], y[VEC];
    unpack(a, x);
    unpack(b, y);
#pragma unroll
    for (int i = 0; i < VEC; ++i) sum = fmaf(x[i], y[i], sum);
    return sum;
}

__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
    for (int offset = 16; offset; offset /= 2) value += __shfl_xor_sync(ALL, value, offset);
    return value;
}

// ---------------------------------------------------------------- products with one vector

#ifndef GATED
#define GATED 0
#endif
#define LINEAR_WARPS 8
#define EARLY (GATED ? 4 : 8)  // loads of a row that start before the vector is there

__device__ __forceinline__ uint4 weights_at(const scalar* row, int at, int width) {
    return at < width ? __ldcs(reinterpret_cast<const uint4*>(row + at)) : make_uint4(0, 0, 0, 0);
}

// out = residual + W norm(x) + bias, W of up to three matrices one below the other; with GATED
// out = silu(W0 norm(x)) * (W1 norm(x)). Any of norm, bias, residual may be null. With `wide` the
// result is float32.
extern "C" __global__ void __launch_bounds__(32 * LINEAR_WARPS) linear_one(
    const scalar* __restrict__ x,
    const scalar* __restrict__ norm,
    float epsilon,
    int width,  // a multiple of VEC
    const scalar* __restrict__ w0,
    const scalar* __restrict__ w1,
    const scalar* __restrict__ w2,
    const scalar* __restrict__ b0,
    const scalar* __restrict__ b1,
    const scalar* __restrict__ b2,
    int n0,
    int n1,
    int n2,
    const scalar* residual,  // may be `out`
    scalar* out,
    float* __restrict__ wide) {
    extern __shared__ uint4 vector[];  // x, width / VEC packets
    __shared__ float sums[LINEAR_WARPS];
    const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
    int row = blockIdx.x * LINEAR_WARPS + warp;
    const int place = row;
#if GATED
    const bool live = row < n0;
    const scalar* first = w0 + (size_t)(live ? row : 0) * width;
    const scalar* second = w1 + (size_t)(live ? row : 0) * width;
#else
    const bool live = row < n0 + n1 + n2;
    const scalar *first = w0, *bias = b0;
    if (!live) row = 0;
    if (row >= n0 + n1) {
        row -= n0 + n1;
        first = w2;
        bias = b2;
    } else if (row >= n0) {
        row -= n0;
        first = w1;
        bias = b1;
    }
    first += (size_t)row * width;
#endif
    uint4 early[EARLY];
#pragma unroll
    for (int i = 0; i < EARLY; ++i) early[i] = weights_at(first, (i * 32 + lane) * VEC, width);
#if GATED
    uint4 early_second[EARLY];
#pragma unroll
    for (int i = 0; i < EARLY; ++i)
        early_second[i] = weights_at(second, (i * 32 + lane) * VEC, width);
#endif

    const int packets = width / VEC;
    const uint4* source = reinterpret_cast<const uint4*>(x);
    float squares = 0.f;
    for (int i = thread; i < packets; i += 32 * LINEAR_WARPS) {
        const uint4 packet = source[i];
        vector[i] = packet;
        if (norm) squares = dot(packet, packet, squares);
    }
    if (norm) {
        squares = warp_sum(squares);
        if (lane == 0) sums[warp] = squares;
        __syncthreads();
        float total = 0.f;
#pragma unroll
        for (int i = 0; i < LINEAR_WARPS; ++i) total += sums[i];
        const float scale = rsqrtf(total / width + epsilon);
        for (int i = thread; i < packets; i += 32 * LINEAR_WARPS) {
            float values[VEC], gains[VEC];
            unpack(vector[i], values);
            unpack(reinterpret_cast<const uint4*>(norm)[i], gains);
#pragma unroll
            for (int j = 0; j < VEC; ++j) values[j] *= scale * gains[j];
            vector[i] = pack(values);
        }
    }
    __syncthreads();

    float sum = 0.f;
#pragma unroll
    for (int i = 0; i < EARLY; ++i)
        if ((i * 32 + lane) * VEC < width) sum = dot(early[i], vector[i * 32 + lane], sum);
#pragma unroll 8
    for (int i = EARLY * 32 + lane; i < packets; i += 32)
        sum = dot(__ldcs(reinterpret_cast<const uint4*>(first) + i), vector[i], sum);
    sum = warp_sum(sum);
#if GATED
    float up = 0.f;
#pragma unroll
    for (int i = 0; i < EARLY; ++i)
        if ((i * 32 + lane) * VEC < width) up = dot(early_second[i], vector[i * 32 + lane], up);
#pragma unroll 8
    for (int i = EARLY * 32 + lane; i < packets; i += 32)
        up = dot(__ldcs(reinterpret_cast<const uint4*>(second) + i), vector[i], up);
    up = warp_sum(up);
    sum = sum / (1.f + expf(-sum)) * up;
#else
    if (live && bias) sum += widen(bias[row]);
#endif
    if (live && lane == 0) {
        if (residual) sum += widen(residual[place]);
        if (wide)
            wide[place] = sum;
        else
            out[place] = narrow(sum);
    }
}

// out = silu(gate) * up, one by one; `count` packets of VEC values.
extern "C" __global__ void __launch_bounds__(256) gated(
    const uint4* __restrict__ gate, const uint4* __restrict__ up, int count, uint4* out) {
    const int i = blockIdx.x * 256 + threadIdx.x;
    if (i >= count) return;
    float a[VEC], b[VEC];
    unpack(gate[i], a);
    unpack(up[i], b);
#pragma unroll
    for (int j = 0; j < VEC; ++j) a[j] = a[j] / (1.f + expf(-a[j])) * b[j];
    out[i] = pack(a);
}

// ---------------------------------------------------------------- attention of one new token

#ifdef HEAD_DIM
#define THREADS 128
#define WARPS (THREADS / 32)
#define LANES (HEAD_DIM / VEC)  // threads that share a key
#define KEYS (THREADS / LANES)  // keys that are looked at together
#define TILE 64

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

// A block is one group of query heads, that share keys and values, of one sequence, over one of
// SPLITS parts of its keys. The part with the new key turns it and stores it. The block that is last
// to end joins the parts.
extern "C" __global__ void __launch_bounds__(THREADS) attend(
    const scalar* __restrict__ queries,  // (rows, kv_heads * GROUP * HEAD_DIM), each row at a stride
    const scalar* __restrict__ new_keys,  // (rows, kv_heads * HEAD_DIM)
    const scalar* __restrict__ new_values,
    int query_stride,
    int key_stride,
    const long long* __restrict__ positions,  // (rows,) of the rotary embedding
    const long long* __restrict__ lengths,  // (rows,) keys that are there already
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
    const int count = (int)lengths[row] + 1;
    const int share = max(TILE, (count + SPLITS - 1) / SPLITS);
    const int parts = (count + share - 1) / share;
    if (part >= parts) return;
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
#pragma unroll 4
        for (int j = member; j < TILE; j += KEYS) {
            float key[VEC];
            unpack(j < here ? reinterpret_cast<const uint4*>(keys)[(size_t)(start + j) * LANES + packet]
                            : make_uint4(0, 0, 0, 0), key);
#pragma unroll
            for (int g = 0; g < GROUP; ++g) {
                float product = 0.f;
#pragma unroll
                for (int i = 0; i < VEC; ++i) product = fmaf(query[g][i], key[i], product);
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
#pragma unroll 4
        for (int j = member; j < here; j += KEYS) {
            float value[VEC];
            unpack(reinterpret_cast<const uint4*>(values)[(size_t)(start + j) * LANES + packet], value);
#pragma unroll
            for (int g = 0; g < GROUP; ++g)
#pragma unroll
                for (int i = 0; i < VEC; ++i) sum[g][i] = fmaf(scores[g][j], value[i], sum[g][i]);
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
