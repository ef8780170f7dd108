// One token of a Qwen2.5 language model: products with few vectors, and attention over a static cache.
//
// At small batches a step reads every weight once and does little else, so the products are written
// for bandwidth: tensor cores multiply 16 rows of a matrix with up to 8 vectors as they stream by, with
// norm, bias, residual and gate folded in, and on Hopper the first weights are on their way before the
// kernel before has ended (programmatic dependent launch). Sums are float32.
//
// Macros: BF16 (else float32); NORM, GATED, FORMAT, FETCH for `linear_few`; HEAD_DIM, GROUP, SPLITS for `attend`.

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

#if BF16
// Two values as one word, the first in its lower half.
__device__ __forceinline__ unsigned narrow_two(float first, float second) {
#if __CUDA_ARCH__ >= 800
    unsigned word;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
    return word;
#else
    unsigned halves[2];
    for (int i = 0; i < 2; ++i) {
        const unsigned bits = __float_as_uint(i ? second : first);
        const bool is_number = (bits & 0x7fffffffu) <= 0x7f800000u;  // what is none stays none
        halves[i] = is_number ? (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16 : (bits >> 16) | 0x40u;
    }
    return halves[0] | (halves[1] << 16);
#endif
}
#endif

__device__ __forceinline__ scalar narrow(float value) {
#if BF16
    return (scalar)narrow_two(value, 0.f);
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
        words[i] = narrow_two(in[2 * i], in[2 * i + 1]);
#else
        words[i] = __float_as_uint(in[i]);
#endif
    }
    return make_uint4(words[0], words[1], words[2], words[3]);
}

__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
    for (int offset = 16; offset; offset /= 2) value += __shfl_xor_sync(ALL, value, offset);
    return value;
}

// Lets the next kernel start, and waits for what the kernels before have written. What comes before
// the wait may read weights only. And what kernels before have written must not be `__restrict__`:
// the compiler takes that for constant, and would read it before the wait.
__device__ __forceinline__ void let_next_start() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;");
#endif
}

__device__ __forceinline__ void wait_for_previous() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// ---------------------------------------------------------------- products with few vectors

#if BF16 && (!defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800)  // tensor cores know the type
#ifndef GATED
#define GATED 0
#endif
#ifndef NORM
#define NORM 0
#endif
#define MATRICES (1 + GATED)
#define WARPS_OF_LINEAR 8
#define ROWS 16    // of a matrix, for a thread block; its warps share the columns
#define VECTORS 8  // at most
// How a matrix is stored: as vectors are, as float8 (e4m3) or int8 with a scale for each row, or as
// int4 with a scale for each 32 columns.
#define FLOAT8 1
#define INT8 2
#define INT4 4
#ifndef FORMAT
#define FORMAT 0
#endif
#define CHUNKS (FORMAT == 0 ? 1 : FORMAT == INT4 ? 4 : 2)  // of 8 values that a lane loads at once
#define COLUMNS (32 * CHUNKS)  // of a step of a warp
#define PACKETS 4  // of 16 bytes of a row in a step
// FETCH: a thread block asks for all of its weights, and for those of a block that may have found no
// place yet, before it waits: while attention, which hardly reads, is under way.
#ifndef FETCH
#define FETCH 0
#endif
// Steps whose weights are loaded together, and thread blocks on an SM: together what registers allow.
// Measured on an H200 in a chain of the 7B's products, each format and kind on its own.
#ifndef AHEAD
#define AHEAD (NORM ? (FORMAT ? 1 : 2) : FORMAT ? 4 : 3)
#define RESIDENT (FORMAT ? (NORM ? 3 : 2) : GATED ? 3 : 2)
#endif

// a * b + c for two bf16 numbers each; subnormal ones count.
__device__ __forceinline__ unsigned multiply_add_two(unsigned a, unsigned b, unsigned c) {
    unsigned out;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(out) : "r"(a), "r"(b), "r"(c));
    return out;
}

// Two stored numbers, whose bits stand in the halves of a word (float8 in their upper bytes), as bf16.
// All are exact. `scale` is two bf16 numbers, for int4 alone.
__device__ __forceinline__ unsigned as_bf16(unsigned word, unsigned scale) {
#if FORMAT == FLOAT8
    // the exponent of e4m3 is 7 too large for its bits, that of bf16 127: 2^120 apart
    const unsigned bits = (word & 0x80008000u) | ((word & 0x7f007f00u) >> 4);
    return multiply_add_two(bits, 0x7b807b80u, 0x80008000u);
#elif FORMAT == INT8
    // 128 + the lower seven bits, minus 128, or minus 256 where the sign is set
    const unsigned low = (word & 0x007f007fu) | 0x43004300u;
    return multiply_add_two(low, 0x3f803f80u, (word & 0x00800080u) | 0xc300c300u);
#elif FORMAT == INT4
    // 128 + the four bits, minus 136: -8 to 7
    const unsigned whole =
        multiply_add_two((word & 0x000f000fu) | 0x43004300u, 0x3f803f80u, 0xc308c308u);
    return multiply_add_two(whole, scale, 0x80008000u);
#else
    return word;
#endif
}

// Eight neighbouring values of a packet as bf16.
__device__ __forceinline__ uint4 expanded(const uint4& packed, int chunk, unsigned scale) {
#if FORMAT == 0
    return packed;
#elif FORMAT == INT4
    // the order of `Int4Linear`: the lower half of a word holds values 0, 2, 4, 6
    const unsigned word =
        chunk == 0 ? packed.x : chunk == 1 ? packed.y : chunk == 2 ? packed.z : packed.w;
    return make_uint4(
        as_bf16(word, scale), as_bf16(word >> 4, scale), as_bf16(word >> 8, scale),
        as_bf16(word >> 12, scale));
#else
    const unsigned first = chunk ? packed.z : packed.x, second = chunk ? packed.w : packed.y;
    const unsigned lower = FORMAT == FLOAT8 ? 0x1404 : 0x4140;  // bytes 0 and 1, each in a half
    const unsigned upper = FORMAT == FLOAT8 ? 0x3424 : 0x4342;  // bytes 2 and 3
    return make_uint4(
        as_bf16(__byte_perm(first, 0, lower), 0), as_bf16(__byte_perm(first, 0, upper), 0),
        as_bf16(__byte_perm(second, 0, lower), 0), as_bf16(__byte_perm(second, 0, upper), 0));
#endif
}

__device__ __forceinline__ void multiply_add(
    float* sums, unsigned a0, unsigned a1, unsigned a2, unsigned a3, unsigned b0, unsigned b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
        "{%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

#if FETCH
__device__ __forceinline__ void fetch(const uint4* address) {
    asm volatile("prefetch.global.L2 [%0];" : : "l"(address));
}
#endif

// out = residual + W norm(x) + bias for `count` vectors, W of up to three matrices one below the
// other, all but the last with a multiple of ROWS rows; with GATED
// out = silu(W0 norm(x)) * (W1 norm(x)). Without NORM x is taken as it is. Biases and residual may be
// null. With `wide` the result is float32.
//
// A lane loads neighbouring values of a row (16 bytes) and of a vector; that the tensor core takes
// them for other columns does not matter, as long as both sides do the same. The norm's factor is the
// same for a whole vector and comes last, as does the scale of a whole row.
extern "C" __global__ void __launch_bounds__(32 * WARPS_OF_LINEAR, RESIDENT) linear_few(
    const scalar* x,  // (count, width)
    const scalar* __restrict__ norm,
    float epsilon,
    int count,
    int width,  // a multiple of COLUMNS
    const uint4* __restrict__ w0,
    const uint4* __restrict__ w1,
    const uint4* __restrict__ w2,
    const void* __restrict__ s0,  // scales: float32 (rows,), or bf16 (rows, width / 32) for int4
    const void* __restrict__ s1,
    const void* __restrict__ s2,
    const scalar* __restrict__ b0,
    const scalar* __restrict__ b1,
    const scalar* __restrict__ b2,
    int n0,
    int n1,
    int n2,
    const scalar* residual,  // (count, rows); may be `out`
    scalar* out,  // (count, rows)
    float* __restrict__ wide) {
    __shared__ float joined[WARPS_OF_LINEAR][MATRICES][ROWS][VECTORS];
    __shared__ float squares[WARPS_OF_LINEAR][VECTORS];
    const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
    const int line = lane / 4, part = lane % 4;  // row of the matrix, or vector; part of a step
    const int rows = GATED ? n0 : n0 + n1 + n2;
    int row = blockIdx.x * ROWS;
    const uint4* matrix[MATRICES];
    const void* scales[MATRICES];
    matrix[0] = w0, scales[0] = s0;
    int own_rows = n0;
#if GATED
    matrix[1] = w1, scales[1] = s1;
#else
    const scalar* bias = b0;
    if (row >= n0 + n1) {
        row -= n0 + n1;
        matrix[0] = w2, scales[0] = s2, bias = b2, own_rows = n2;
    } else if (row >= n0) {
        row -= n0;
        matrix[0] = w1, scales[0] = s1, bias = b1, own_rows = n1;
    }
#endif
    const int steps = width / COLUMNS, packets = width / (VEC * CHUNKS);
    const int each = (steps + WARPS_OF_LINEAR - 1) / WARPS_OF_LINEAR;
    const int begin = warp * each, end = min(steps, begin + each);
    // rows behind the end read the last row; nobody sees their results
    const size_t upper = (size_t)min(row + line, own_rows - 1) * packets + part;
    const size_t lower = (size_t)min(row + line + 8, own_rows - 1) * packets + part;
    const uint4* vector =
        reinterpret_cast<const uint4*>(x) + (size_t)line * (width / VEC) + part * CHUNKS;
#if NORM
    const uint4* gains = reinterpret_cast<const uint4*>(norm) + part * CHUNKS;
#endif
    const uint4 nothing = make_uint4(0, 0, 0, 0);

    float sums[MATRICES][4] = {}, square = 0.f;
    let_next_start();
    for (int start = begin; start < end; start += AHEAD) {
        uint4 weights[MATRICES][2][AHEAD];
        unsigned factor[MATRICES][2][AHEAD] = {};
#pragma unroll
        for (int i = 0; i < AHEAD; ++i)
#pragma unroll
            for (int m = 0; m < MATRICES; ++m) {
                const bool there = start + i < end;
                const int at = (start + i) * PACKETS;
                weights[m][0][i] = weights[m][1][i] = nothing;
                if (there) weights[m][0][i] = __ldcs(matrix[m] + upper + at);
                if (there) weights[m][1][i] = __ldcs(matrix[m] + lower + at);
#if FORMAT == INT4
                const unsigned short* own = (const unsigned short*)scales[m];
                if (there) factor[m][0][i] = own[upper + at] * 0x10001u;
                if (there) factor[m][1][i] = own[lower + at] * 0x10001u;
#endif
            }
        if (start == begin) {
#if FETCH
            if (part == 0) {  // a line of the cache holds two steps
                const int later = (gridDim.x / 2) * ROWS;
                const bool has_later = !GATED && row + later + ROWS <= own_rows;
                for (int step = begin; step < end; step += 2)
                    for (int half = 0; half < 2; ++half) {
                        const uint4* own = matrix[0] + (half ? lower : upper) + step * PACKETS;
                        if (step >= begin + AHEAD) fetch(own);
                        if (has_later) fetch(own + (size_t)later * packets);
                    }
            }
#endif
            wait_for_previous();
        }
#pragma unroll
        for (int i = 0; i < AHEAD; ++i)
#pragma unroll
            for (int chunk = 0; chunk < CHUNKS; ++chunk) {
                const int at = (start + i) * (COLUMNS / VEC) + chunk;
                uint4 values = nothing;
                if (start + i < end && line < count) values = vector[at];
#if NORM
                float own[VEC], gain[VEC];
                unpack(values, own);
                uint4 gained = nothing;
                if (start + i < end) gained = gains[at];
                unpack(gained, gain);
#pragma unroll
                for (int j = 0; j < VEC; ++j) {
                    square = fmaf(own[j], own[j], square);
                    own[j] *= gain[j];
                }
                values = pack(own);
#endif
#pragma unroll
                for (int m = 0; m < MATRICES; ++m) {
                    const uint4 a = expanded(weights[m][0][i], chunk, factor[m][0][i]);
                    const uint4 b = expanded(weights[m][1][i], chunk, factor[m][1][i]);
                    multiply_add(sums[m], a.x, b.x, a.y, b.y, values.x, values.y);
                    multiply_add(sums[m], a.z, b.z, a.w, b.w, values.z, values.w);
                }
            }
    }
    wait_for_previous();  // a warp without columns, too: it may write what others still read
    square += __shfl_xor_sync(ALL, square, 1);
    square += __shfl_xor_sync(ALL, square, 2);
    if (part == 0) squares[warp][line] = square;
#pragma unroll
    for (int m = 0; m < MATRICES; ++m)
#pragma unroll
        for (int i = 0; i < 4; ++i)
            joined[warp][m][line + 8 * (i / 2)][2 * part + i % 2] = sums[m][i];
    __syncthreads();
    if (thread >= ROWS * VECTORS) return;
    const int mine = thread % ROWS, number = thread / ROWS;
    if (number >= count || row + mine >= own_rows) return;
    float total[MATRICES] = {}, all_squares = 0.f;
#pragma unroll
    for (int w = 0; w < WARPS_OF_LINEAR; ++w) {
        all_squares += squares[w][number];
#pragma unroll
        for (int m = 0; m < MATRICES; ++m) total[m] += joined[w][m][mine][number];
    }
    const float scale = NORM ? rsqrtf(all_squares / width + epsilon) : 1.f;
#if FORMAT == FLOAT8 || FORMAT == INT8
#pragma unroll
    for (int m = 0; m < MATRICES; ++m) total[m] *= ((const float*)scales[m])[row + mine];
#endif
    float result = total[0] * scale;
#if GATED
    result = result / (1.f + expf(-result)) * (total[1] * scale);
#else
    if (bias) result += widen(bias[row + mine]);
#endif
    const size_t place = (size_t)number * rows + blockIdx.x * ROWS + mine;
    if (residual) result += widen(residual[place]);
    if (wide)
        wide[place] = result;
    else
        out[place] = narrow(result);
}
#endif

// out = silu(gate) * up, one by one; `count` packets of VEC values.
extern "C" __global__ void __launch_bounds__(256) gated(
    const uint4* gate, const uint4* up, int count, uint4* out) {
    let_next_start();
    wait_for_previous();
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
