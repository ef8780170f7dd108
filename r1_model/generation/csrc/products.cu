// Products of a model's matrices with few vectors: one token of a Qwen2.5 language model.
//
// At small batches a step reads every weight once and does little else, so the products are written
// for bandwidth: tensor cores multiply 16 rows of a matrix with up to 8 vectors as they stream by, with
// norm, bias, residual and gate folded in, and on Hopper the first weights are on their way before the
// kernel before has ended (programmatic dependent launch). Sums are float32.
//
// Macros: BF16 (else float32); NORM, GATED, FORMAT, FETCH for `linear_few`.

#include "values.cuh"

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
