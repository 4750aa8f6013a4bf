/* dotAdd: float32 x0, float32 x1, float32 x2, float32 x3 -> float32 y; i < n_i, j < n_j, k < terms, part < parts */
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
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t n_i = n[1], n_j = n[2], n_k = n[3], x3_k = n[4], x2_i = n[5], elements = n[7], row = n[8], most = n[9];
  for (int64_t part = lo; part < hi; part++) {
    const int64_t from = part * most;
    const int64_t terms = n_k - from < most ? n_k - from : most;
    const int64_t from0 = from * x3_k;
    const int64_t from1 = from;
    for (int64_t j = 0; j < n_j; j += 32) {
      const int64_t at_j = j + 32 <= n_j ? j : n_j - 32;
      for (int64_t i = 0; i < n_i; i += 10) {
        KERNEL_vector a0_0 = {0}, a0_1 = {0}, a1_0 = {0}, a1_1 = {0}, a2_0 = {0}, a2_1 = {0}, a3_0 = {0}, a3_1 = {0}, a4_0 = {0}, a4_1 = {0}, a5_0 = {0}, a5_1 = {0}, a6_0 = {0}, a6_1 = {0}, a7_0 = {0}, a7_1 = {0}, a8_0 = {0}, a8_1 = {0}, a9_0 = {0}, a9_1 = {0};
        for (int64_t k = 0; k < terms; k++) {
          const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[from0 + at_j + k * x3_k];
          __builtin_prefetch(&x3[from0 + at_j + (k + 16) * x3_k]);
          const KERNEL_vector w1 = *(const KERNEL_vector *)&x3[from0 + at_j + 16 + k * x3_k];
          __builtin_prefetch(&x3[from0 + at_j + 16 + (k + 16) * x3_k]);
          const KERNEL_vector u0 = x2[from1 + i * x2_i + k] - (KERNEL_vector){0};
          a0_0 = KERNEL_fma(u0, w0, a0_0);
          a0_1 = KERNEL_fma(u0, w1, a0_1);
          const KERNEL_vector u1 = x2[from1 + (i + 1) * x2_i + k] - (KERNEL_vector){0};
          a1_0 = KERNEL_fma(u1, w0, a1_0);
          a1_1 = KERNEL_fma(u1, w1, a1_1);
          const KERNEL_vector u2 = x2[from1 + (i + 2) * x2_i + k] - (KERNEL_vector){0};
          a2_0 = KERNEL_fma(u2, w0, a2_0);
          a2_1 = KERNEL_fma(u2, w1, a2_1);
          const KERNEL_vector u3 = x2[from1 + (i + 3) * x2_i + k] - (KERNEL_vector){0};
          a3_0 = KERNEL_fma(u3, w0, a3_0);
          a3_1 = KERNEL_fma(u3, w1, a3_1);
          const KERNEL_vector u4 = x2[from1 + (i + 4) * x2_i + k] - (KERNEL_vector){0};
          a4_0 = KERNEL_fma(u4, w0, a4_0);
          a4_1 = KERNEL_fma(u4, w1, a4_1);
          const KERNEL_vector u5 = x2[from1 + (i + 5) * x2_i + k] - (KERNEL_vector){0};
          a5_0 = KERNEL_fma(u5, w0, a5_0);
          a5_1 = KERNEL_fma(u5, w1, a5_1);
          const KERNEL_vector u6 = x2[from1 + (i + 6) * x2_i + k] - (KERNEL_vector){0};
          a6_0 = KERNEL_fma(u6, w0, a6_0);
          a6_1 = KERNEL_fma(u6, w1, a6_1);
          const KERNEL_vector u7 = x2[from1 + (i + 7) * x2_i + k] - (KERNEL_vector){0};
          a7_0 = KERNEL_fma(u7, w0, a7_0);
          a7_1 = KERNEL_fma(u7, w1, a7_1);
          const KERNEL_vector u8 = x2[from1 + (i + 8) * x2_i + k] - (KERNEL_vector){0};
          a8_0 = KERNEL_fma(u8, w0, a8_0);
          a8_1 = KERNEL_fma(u8, w1, a8_1);
          const KERNEL_vector u9 = x2[from1 + (i + 9) * x2_i + k] - (KERNEL_vector){0};
          a9_0 = KERNEL_fma(u9, w0, a9_0);
          a9_1 = KERNEL_fma(u9, w1, a9_1);
        }
        if (j - at_j == 0) {
          *(KERNEL_vector *)&y[i * row + at_j + part * elements] = a0_0;
          *(KERNEL_vector *)&y[i * row + at_j + 16 + part * elements] = a0_1;
          *(KERNEL_vector *)&y[(i + 1) * row + at_j + part * elements] = a1_0;
          *(KERNEL_vector *)&y[(i + 1) * row + at_j + 16 + part * elements] = a1_1;
          *(KERNEL_vector *)&y[(i + 2) * row + at_j + part * elements] = a2_0;
          *(KERNEL_vector *)&y[(i + 2) * row + at_j + 16 + part * elements] = a2_1;
          *(KERNEL_vector *)&y[(i + 3) * row + at_j + part * elements] = a3_0;
          *(KERNEL_vector *)&y[(i + 3) * row + at_j + 16 + part * elements] = a3_1;
          *(KERNEL_vector *)&y[(i + 4) * row + at_j + part * elements] = a4_0;
          *(KERNEL_vector *)&y[(i + 4) * row + at_j + 16 + part * elements] = a4_1;
          *(KERNEL_vector *)&y[(i + 5) * row + at_j + part * elements] = a5_0;
          *(KERNEL_vector *)&y[(i + 5) * row + at_j + 16 + part * elements] = a5_1;
          *(KERNEL_vector *)&y[(i + 6) * row + at_j + part * elements] = a6_0;
          *(KERNEL_vector *)&y[(i + 6) * row + at_j + 16 + part * elements] = a6_1;
          *(KERNEL_vector *)&y[(i + 7) * row + at_j + part * elements] = a7_0;
          *(KERNEL_vector *)&y[(i + 7) * row + at_j + 16 + part * elements] = a7_1;
          *(KERNEL_vector *)&y[(i + 8) * row + at_j + part * elements] = a8_0;
          *(KERNEL_vector *)&y[(i + 8) * row + at_j + 16 + part * elements] = a8_1;
          *(KERNEL_vector *)&y[(i + 9) * row + at_j + part * elements] = a9_0;
          *(KERNEL_vector *)&y[(i + 9) * row + at_j + 16 + part * elements] = a9_1;
        } else {
          const KERNEL_vector tile[] = {a0_0, a0_1, a1_0, a1_1, a2_0, a2_1, a3_0, a3_1, a4_0, a4_1, a5_0, a5_1, a6_0, a6_1, a7_0, a7_1, a8_0, a8_1, a9_0, a9_1};
          for (int64_t nth = 0; nth < 10; nth++) {
            #pragma GCC unroll 2
            for (int64_t lane = 0; lane < 32; lane += 16) {
              const KERNEL_vector z = tile[nth * 2 + lane / 16];
              const int64_t done = j - at_j - lane;
              if (done <= 0) *(KERNEL_vector *)&y[(i + nth) * row + at_j + lane + part * elements] = z;
              else if (done < 16) DAMO_STORE_REST_64_4(&y[(i + nth) * row + at_j + lane + part * elements], z, done);
            }
          }
        }
      }
    }
  }
  return DAMO_OK;
}
/* extents: [4,10,500,784,500,784,500,5000,500,196] */

/* dotAdd: float32 x0, float32 x1, float32 x2, float32 x3, float32 found -> float32 y; i < n_i, j < n_j, part < 4 */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  const float *found = args[4]->data;
  float *y = args[5]->data;
  const int64_t *n = args[6]->data;
  const int64_t n_j = n[1], y_i = n[5], elements = n[6], row = n[7];
  for (int64_t i = lo; i < hi; i++) {
    for (int64_t first = 0; first < n_j; first += 1024) {
      const int64_t past = n_j - first < 1024 ? n_j : first + 1024;
      float s0[1024];
      #pragma GCC ivdep
      for (int64_t j = first; j < past; j++) {
        s0[j - first] = 0.0f;
      }
      for (int64_t part = 0; part < 4; part++) {
        #pragma GCC ivdep
        for (int64_t j = first; j < past; j++) {
          s0[j - first] += found[i * row + j + part * elements];
        }
      }
      const float t0 = x1[0];
      #pragma GCC ivdep
      for (int64_t j = first; j < past; j++) {
        y[i * y_i + j] = x0[j] + (t0 * s0[j - first]);
      }
    }
  }
  return DAMO_OK;
}
/* extents: [10,500,784,500,784,500,5000,500] */
