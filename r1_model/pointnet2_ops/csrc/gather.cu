// Gather columns of (B, channels, count) by (B, size) indices, and its transpose: scatter with
// atomic addition. Gathering only moves bits, so one kernel serves every type of a width.

#define DEFINE_GATHER(bits, word)                                                              \
    extern "C" __global__ void gather_##bits(                                                  \
        const word* __restrict__ features, const int* __restrict__ index, int channels,        \
        int count, int size, word* __restrict__ out) {                                         \
        const int p = blockIdx.x * blockDim.x + threadIdx.x;                                   \
        if (p >= size) return;                                                                 \
        const int i = index[(size_t)blockIdx.z * size + p];                                    \
        for (int c = blockIdx.y; c < channels; c += gridDim.y) {                               \
            const size_t row = (size_t)blockIdx.z * channels + c;                              \
            out[row * size + p] = features[row * count + i];                                   \
        }                                                                                      \
    }

#define DEFINE_SCATTER_ADD(bits, real)                                                         \
    extern "C" __global__ void scatter_add_##bits(                                             \
        const real* __restrict__ grad_out, const int* __restrict__ index, int channels,        \
        int count, int size, real* __restrict__ grad) {                                        \
        const int p = blockIdx.x * blockDim.x + threadIdx.x;                                   \
        if (p >= size) return;                                                                 \
        const int i = index[(size_t)blockIdx.z * size + p];                                    \
        for (int c = blockIdx.y; c < channels; c += gridDim.y) {                               \
            const size_t row = (size_t)blockIdx.z * channels + c;                              \
            atomicAdd(grad + row * count + i, grad_out[row * size + p]);                       \
        }                                                                                      \
    }

DEFINE_GATHER(16, unsigned short)
DEFINE_GATHER(32, unsigned)
DEFINE_GATHER(64, unsigned long long)
DEFINE_SCATTER_ADD(32, float)
DEFINE_SCATTER_ADD(64, double)
