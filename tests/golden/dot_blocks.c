/* dot: float32 x0, float32 x1 -> float32 y; i < n_i, j < n_j, k < n_k */
typedef float KERNEL_vector __attribute__((vector_size(64), aligned(4), may_alias));
static inline __attribute__((always_inline)) KERNEL_vector KERNEL_fma(KERNEL_vector x, KERNEL_vector y, KERNEL_vector z) {
#ifdef DAMO_FMA_64_4
  return DAMO_FMA_64_4(x, y, z);
#else
  for (int lane = 0; lane < 16; lane++) z[lane] = __builtin_fmaf(x[lane], y[lane], z[lane]);
  return z;
#endif
}
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  float *y = args[2]->data;
  const int64_t *n = args[3]->data;
  const int64_t n_j = n[0], n_i = n[1], n_k = n[2], x1_k = n[3], x0_k = n[4], y_i = n[5];
  float panel[16384] __attribute__((aligned(64)));
  float sums[12288] __attribute__((aligned(64)));
  float left[49152] __attribute__((aligned(64)));
  lo = (lo + 32) / 64 * 64;
  if (hi < n_j) hi = (hi + 32) / 64 * 64;
  if (hi > n_j) hi = n_j;
  for (int64_t j = lo; j < hi; j += 64) {
    const int64_t at_j = j + 64 <= n_j ? j : n_j - 64;
    for (int64_t top = 0; top < n_i; top += 192) {
      const int64_t bottom = n_i - top < 192 ? n_i : top + 192;
      int64_t first = 0;
      do {
        const int64_t end = n_k - first < 256 ? n_k : first + 256;
        for (int64_t k = first; k < end; k++) {
          for (int64_t c = 0; c < 64; c++) {
            panel[(k - first) * 64 + c] = x1[at_j + c + k * x1_k];
          }
        }
        for (int64_t k = first; k < end; k++) {
          for (int64_t r = top; r < bottom; r++) {
            left[(k - first) * 192 + r - top] = x0[r + k * x0_k];
          }
        }
        int64_t i = top;
        for (; i + 6 <= bottom; i += 6) {
          KERNEL_vector a0_0 = {0}, a0_1 = {0}, a0_2 = {0}, a0_3 = {0}, a1_0 = {0}, a1_1 = {0}, a1_2 = {0}, a1_3 = {0}, a2_0 = {0}, a2_1 = {0}, a2_2 = {0}, a2_3 = {0}, a3_0 = {0}, a3_1 = {0}, a3_2 = {0}, a3_3 = {0}, a4_0 = {0}, a4_1 = {0}, a4_2 = {0}, a4_3 = {0}, a5_0 = {0}, a5_1 = {0}, a5_2 = {0}, a5_3 = {0};
          if (first > 0) {
            a0_0 = *(KERNEL_vector *)&sums[(i - top) * 64];
            a0_1 = *(KERNEL_vector *)&sums[(i - top) * 64 + 16];
            a0_2 = *(KERNEL_vector *)&sums[(i - top) * 64 + 32];
            a0_3 = *(KERNEL_vector *)&sums[(i - top) * 64 + 48];
            a1_0 = *(KERNEL_vector *)&sums[(i - top) * 64 + 64];
            a1_1 = *(KERNEL_vector *)&sums[(i - top) * 64 + 80];
            a1_2 = *(KERNEL_vector *)&sums[(i - top) * 64 + 96];
            a1_3 = *(KERNEL_vector *)&sums[(i - top) * 64 + 112];
            a2_0 = *(KERNEL_vector *)&sums[(i - top) * 64 + 128];
            a2_1 = *(KERNEL_vector *)&sums[(i - top) * 64 + 144];
            a2_2 = *(KERNEL_vector *)&sums[(i - top) * 64 + 160];
            a2_3 = *(KERNEL_vector *)&sums[(i - top) * 64 + 176];
            a3_0 = *(KERNEL_vector *)&sums[(i - top) * 64 + 192];
            a3_1 = *(KERNEL_vector *)&sums[(i - top) * 64 + 208];
            a3_2 = *(KERNEL_vector *)&sums[(i - top) * 64 + 224];
            a3_3 = *(KERNEL_vector *)&sums[(i - top) * 64 + 240];
            a4_0 = *(KERNEL_vector *)&sums[(i - top) * 64 + 256];
            a4_1 = *(KERNEL_vector *)&sums[(i - top) * 64 + 272];
            a4_2 = *(KERNEL_vector *)&sums[(i - top) * 64 + 288];
            a4_3 = *(KERNEL_vector *)&sums[(i - top) * 64 + 304];
            a5_0 = *(KERNEL_vector *)&sums[(i - top) * 64 + 320];
            a5_1 = *(KERNEL_vector *)&sums[(i - top) * 64 + 336];
            a5_2 = *(KERNEL_vector *)&sums[(i - top) * 64 + 352];
            a5_3 = *(KERNEL_vector *)&sums[(i - top) * 64 + 368];
          }
          for (int64_t k = first; k < end; k++) {
            const float *w = &panel[(k - first) * 64];
            const KERNEL_vector w0 = *(const KERNEL_vector *)&w[0];
            const KERNEL_vector w1 = *(const KERNEL_vector *)&w[16];
            const KERNEL_vector w2 = *(const KERNEL_vector *)&w[32];
            const KERNEL_vector w3 = *(const KERNEL_vector *)&w[48];
            const KERNEL_vector u0 = left[(k - first) * 192 + i - top] - (KERNEL_vector){0};
            a0_0 = KERNEL_fma(u0, w0, a0_0);
            a0_1 = KERNEL_fma(u0, w1, a0_1);
            a0_2 = KERNEL_fma(u0, w2, a0_2);
            a0_3 = KERNEL_fma(u0, w3, a0_3);
            const KERNEL_vector u1 = left[(k - first) * 192 + i - top + 1] - (KERNEL_vector){0};
            a1_0 = KERNEL_fma(u1, w0, a1_0);
            a1_1 = KERNEL_fma(u1, w1, a1_1);
            a1_2 = KERNEL_fma(u1, w2, a1_2);
            a1_3 = KERNEL_fma(u1, w3, a1_3);
            const KERNEL_vector u2 = left[(k - first) * 192 + i - top + 2] - (KERNEL_vector){0};
            a2_0 = KERNEL_fma(u2, w0, a2_0);
            a2_1 = KERNEL_fma(u2, w1, a2_1);
            a2_2 = KERNEL_fma(u2, w2, a2_2);
            a2_3 = KERNEL_fma(u2, w3, a2_3);
            const KERNEL_vector u3 = left[(k - first) * 192 + i - top + 3] - (KERNEL_vector){0};
            a3_0 = KERNEL_fma(u3, w0, a3_0);
            a3_1 = KERNEL_fma(u3, w1, a3_1);
            a3_2 = KERNEL_fma(u3, w2, a3_2);
            a3_3 = KERNEL_fma(u3, w3, a3_3);
            const KERNEL_vector u4 = left[(k - first) * 192 + i - top + 4] - (KERNEL_vector){0};
            a4_0 = KERNEL_fma(u4, w0, a4_0);
            a4_1 = KERNEL_fma(u4, w1, a4_1);
            a4_2 = KERNEL_fma(u4, w2, a4_2);
            a4_3 = KERNEL_fma(u4, w3, a4_3);
            const KERNEL_vector u5 = left[(k - first) * 192 + i - top + 5] - (KERNEL_vector){0};
            a5_0 = KERNEL_fma(u5, w0, a5_0);
            a5_1 = KERNEL_fma(u5, w1, a5_1);
            a5_2 = KERNEL_fma(u5, w2, a5_2);
            a5_3 = KERNEL_fma(u5, w3, a5_3);
          }
          if (end < n_k) {
            *(KERNEL_vector *)&sums[(i - top) * 64] = a0_0;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 16] = a0_1;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 32] = a0_2;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 48] = a0_3;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 64] = a1_0;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 80] = a1_1;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 96] = a1_2;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 112] = a1_3;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 128] = a2_0;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 144] = a2_1;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 160] = a2_2;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 176] = a2_3;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 192] = a3_0;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 208] = a3_1;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 224] = a3_2;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 240] = a3_3;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 256] = a4_0;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 272] = a4_1;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 288] = a4_2;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 304] = a4_3;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 320] = a5_0;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 336] = a5_1;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 352] = a5_2;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 368] = a5_3;
            continue;
          }
          const KERNEL_vector tile[] = {a0_0, a0_1, a0_2, a0_3, a1_0, a1_1, a1_2, a1_3, a2_0, a2_1, a2_2, a2_3, a3_0, a3_1, a3_2, a3_3, a4_0, a4_1, a4_2, a4_3, a5_0, a5_1, a5_2, a5_3};
          for (int64_t nth = 0; nth < 6; nth++) {
            for (int64_t lane = 0; lane < 64; lane += 16) {
              const KERNEL_vector z = tile[nth * 4 + lane / 16];
              const int64_t done = j - at_j - lane;
              if (done <= 0) *(KERNEL_vector *)&y[(i + nth) * y_i + at_j + lane] = z;
              else if (done < 16) DAMO_STORE_REST_64_4(&y[(i + nth) * y_i + at_j + lane], z, done);
            }
          }
        }
        for (; i + 1 <= bottom; i += 1) {
          KERNEL_vector a0_0 = {0}, a0_1 = {0}, a0_2 = {0}, a0_3 = {0};
          if (first > 0) {
            a0_0 = *(KERNEL_vector *)&sums[(i - top) * 64];
            a0_1 = *(KERNEL_vector *)&sums[(i - top) * 64 + 16];
            a0_2 = *(KERNEL_vector *)&sums[(i - top) * 64 + 32];
            a0_3 = *(KERNEL_vector *)&sums[(i - top) * 64 + 48];
          }
          for (int64_t k = first; k < end; k++) {
            const float *w = &panel[(k - first) * 64];
            const KERNEL_vector w0 = *(const KERNEL_vector *)&w[0];
            const KERNEL_vector w1 = *(const KERNEL_vector *)&w[16];
            const KERNEL_vector w2 = *(const KERNEL_vector *)&w[32];
            const KERNEL_vector w3 = *(const KERNEL_vector *)&w[48];
            const KERNEL_vector u0 = left[(k - first) * 192 + i - top] - (KERNEL_vector){0};
            a0_0 = KERNEL_fma(u0, w0, a0_0);
            a0_1 = KERNEL_fma(u0, w1, a0_1);
            a0_2 = KERNEL_fma(u0, w2, a0_2);
            a0_3 = KERNEL_fma(u0, w3, a0_3);
          }
          if (end < n_k) {
            *(KERNEL_vector *)&sums[(i - top) * 64] = a0_0;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 16] = a0_1;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 32] = a0_2;
            *(KERNEL_vector *)&sums[(i - top) * 64 + 48] = a0_3;
            continue;
          }
          const KERNEL_vector tile[] = {a0_0, a0_1, a0_2, a0_3};
          for (int64_t lane = 0; lane < 64; lane += 16) {
            const KERNEL_vector z = tile[lane / 16];
            const int64_t done = j - at_j - lane;
            if (done <= 0) *(KERNEL_vector *)&y[i * y_i + at_j + lane] = z;
            else if (done < 16) DAMO_STORE_REST_64_4(&y[i * y_i + at_j + lane], z, done);
          }
        }
        first += 256;
      } while (first < n_k);
    }
  }
  return DAMO_OK;
}
/* extents: [700,300,1000,700,300,700] */
