// Rotary embedding of the queries and keys of a vision tower, in place, bfloat16. In torch it is ten
// passes over float32 copies of them, which takes longer than the layer's products.

__device__ __forceinline__ void unpack(const uint4& packed, float* out) {
    const unsigned words[4] = {packed.x, packed.y, packed.z, packed.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        out[2 * i] = __uint_as_float(words[i] << 16);
        out[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
    }
}

__device__ __forceinline__ uint4 pack(const float* in) {
    unsigned words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i)
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(words[i]) : "f"(in[2 * i + 1]), "f"(in[2 * i]));
    return make_uint4(words[0], words[1], words[2], words[3]);
}

// A thread turns 8 channels of the first half of a head with those of the second half.
extern "C" __global__ void __launch_bounds__(256) rotate(
    uint4* qkv,  // (patches, 3, heads, 2 * packets)
    const float* __restrict__ cosine,  // (patches, 16 * packets), both halves alike
    const float* __restrict__ sine,
    int patches,
    int heads,
    int packets) {
    const long long index = (long long)blockIdx.x * 256 + threadIdx.x;
    const int packet = index % packets;
    const int head = index / packets % (2 * heads);  // queries, then keys
    const long long patch = index / packets / (2 * heads);
    if (patch >= patches) return;
    uint4* own = qkv + (patch * 3 * heads + head) * 2 * packets + packet;
    float first[8], second[8], turned[2][8];
    unpack(own[0], first);
    unpack(own[packets], second);
    const size_t from = patch * 16 * packets + 8 * packet;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        const float c = cosine[from + i], s = sine[from + i];
        turned[0][i] = first[i] * c - second[i] * s;
        turned[1][i] = second[i] * c + first[i] * s;
    }
    own[0] = pack(turned[0]);
    own[packets] = pack(turned[1]);
}
