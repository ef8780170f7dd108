// Numbers of a model as its kernels read and write them, 16 bytes at a time; sums are float32.
//
// Macro: BF16 (else float32).

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
