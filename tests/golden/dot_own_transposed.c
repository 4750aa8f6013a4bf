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
/* Lanes from `skip` on; 0 before. */
static inline __attribute__((always_inline)) KERNEL_vector KERNEL_last(const float *x, int64_t skip) {
  KERNEL_vector y = *(const KERNEL_vector *)x;
  for (int lane = 0; lane < 16; lane++) y[lane] = lane < skip ? 0 : y[lane];
  return y;
}
static inline __attribute__((always_inline)) float KERNEL_sum(KERNEL_vector x) {
  for (int lane = 0; lane < 8; lane++) x[lane] += x[lane + 8];
  for (int lane = 0; lane < 4; lane++) x[lane] += x[lane + 4];
  for (int lane = 0; lane < 2; lane++) x[lane] += x[lane + 2];
  for (int lane = 0; lane < 1; lane++) x[lane] += x[lane + 1];
  return x[0];
}
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  float *y = args[2]->data;
  const int64_t *n = args[3]->data;
  const int64_t n_j = n[0], n_i = n[1], n_k = n[2], x1_j = n[3], x0_i = n[4], y_i = n[5];
  lo = (lo + 2) / 4 * 4;
  if (hi < n_j) hi = (hi + 2) / 4 * 4;
  if (hi > n_j) hi = n_j;
  int64_t j = lo;
  for (; j + 4 <= hi; j += 4) {
    for (int64_t i = 0; i < n_i; i += 5) {
      KERNEL_vector a0_0 = {0}, a0_1 = {0}, a0_2 = {0}, a0_3 = {0}, a1_0 = {0}, a1_1 = {0}, a1_2 = {0}, a1_3 = {0}, a2_0 = {0}, a2_1 = {0}, a2_2 = {0}, a2_3 = {0}, a3_0 = {0}, a3_1 = {0}, a3_2 = {0}, a3_3 = {0}, a4_0 = {0}, a4_1 = {0}, a4_2 = {0}, a4_3 = {0};
      for (int64_t k = 0; k + 16 <= n_k; k += 16) {
        const KERNEL_vector w0 = *(const KERNEL_vector *)&x1[j * x1_j + k];
        const KERNEL_vector w1 = *(const KERNEL_vector *)&x1[(j + 1) * x1_j + k];
        const KERNEL_vector w2 = *(const KERNEL_vector *)&x1[(j + 2) * x1_j + k];
        const KERNEL_vector w3 = *(const KERNEL_vector *)&x1[(j + 3) * x1_j + k];
        const KERNEL_vector u0 = *(const KERNEL_vector *)&x0[i * x0_i + k];
        a0_0 = KERNEL_fma(u0, w0, a0_0);
        a0_1 = KERNEL_fma(u0, w1, a0_1);
        a0_2 = KERNEL_fma(u0, w2, a0_2);
        a0_3 = KERNEL_fma(u0, w3, a0_3);
        const KERNEL_vector u1 = *(const KERNEL_vector *)&x0[(i + 1) * x0_i + k];
        a1_0 = KERNEL_fma(u1, w0, a1_0);
        a1_1 = KERNEL_fma(u1, w1, a1_1);
        a1_2 = KERNEL_fma(u1, w2, a1_2);
        a1_3 = KERNEL_fma(u1, w3, a1_3);
        const KERNEL_vector u2 = *(const KERNEL_vector *)&x0[(i + 2) * x0_i + k];
        a2_0 = KERNEL_fma(u2, w0, a2_0);
        a2_1 = KERNEL_fma(u2, w1, a2_1);
        a2_2 = KERNEL_fma(u2, w2, a2_2);
        a2_3 = KERNEL_fma(u2, w3, a2_3);
        const KERNEL_vector u3 = *(const KERNEL_vector *)&x0[(i + 3) * x0_i + k];
        a3_0 = KERNEL_fma(u3, w0, a3_0);
        a3_1 = KERNEL_fma(u3, w1, a3_1);
        a3_2 = KERNEL_fma(u3, w2, a3_2);
        a3_3 = KERNEL_fma(u3, w3, a3_3);
        const KERNEL_vector u4 = *(const KERNEL_vector *)&x0[(i + 4) * x0_i + k];
        a4_0 = KERNEL_fma(u4, w0, a4_0);
        a4_1 = KERNEL_fma(u4, w1, a4_1);
        a4_2 = KERNEL_fma(u4, w2, a4_2);
        a4_3 = KERNEL_fma(u4, w3, a4_3);
      }
      if (n_k % 16) {
        const int64_t last = n_k - 16, skip = 16 - n_k % 16;
        const KERNEL_vector w0 = KERNEL_last(&x1[j * x1_j + last], skip);
        const KERNEL_vector w1 = KERNEL_last(&x1[(j + 1) * x1_j + last], skip);
        const KERNEL_vector w2 = KERNEL_last(&x1[(j + 2) * x1_j + last], skip);
        const KERNEL_vector w3 = KERNEL_last(&x1[(j + 3) * x1_j + last], skip);
        const KERNEL_vector u0 = KERNEL_last(&x0[i * x0_i + last], skip);
        a0_0 = KERNEL_fma(u0, w0, a0_0);
        a0_1 = KERNEL_fma(u0, w1, a0_1);
        a0_2 = KERNEL_fma(u0, w2, a0_2);
        a0_3 = KERNEL_fma(u0, w3, a0_3);
        const KERNEL_vector u1 = KERNEL_last(&x0[(i + 1) * x0_i + last], skip);
        a1_0 = KERNEL_fma(u1, w0, a1_0);
        a1_1 = KERNEL_fma(u1, w1, a1_1);
        a1_2 = KERNEL_fma(u1, w2, a1_2);
        a1_3 = KERNEL_fma(u1, w3, a1_3);
        const KERNEL_vector u2 = KERNEL_last(&x0[(i + 2) * x0_i + last], skip);
        a2_0 = KERNEL_fma(u2, w0, a2_0);
        a2_1 = KERNEL_fma(u2, w1, a2_1);
        a2_2 = KERNEL_fma(u2, w2, a2_2);
        a2_3 = KERNEL_fma(u2, w3, a2_3);
        const KERNEL_vector u3 = KERNEL_last(&x0[(i + 3) * x0_i + last], skip);
        a3_0 = KERNEL_fma(u3, w0, a3_0);
        a3_1 = KERNEL_fma(u3, w1, a3_1);
        a3_2 = KERNEL_fma(u3, w2, a3_2);
        a3_3 = KERNEL_fma(u3, w3, a3_3);
        const KERNEL_vector u4 = KERNEL_last(&x0[(i + 4) * x0_i + last], skip);
        a4_0 = KERNEL_fma(u4, w0, a4_0);
        a4_1 = KERNEL_fma(u4, w1, a4_1);
        a4_2 = KERNEL_fma(u4, w2, a4_2);
        a4_3 = KERNEL_fma(u4, w3, a4_3);
      }
      y[i * y_i + j] = KERNEL_sum(a0_0);
      y[i * y_i + j + 1] = KERNEL_sum(a0_1);
      y[i * y_i + j + 2] = KERNEL_sum(a0_2);
      y[i * y_i + j + 3] = KERNEL_sum(a0_3);
      y[(i + 1) * y_i + j] = KERNEL_sum(a1_0);
      y[(i + 1) * y_i + j + 1] = KERNEL_sum(a1_1);
      y[(i + 1) * y_i + j + 2] = KERNEL_sum(a1_2);
      y[(i + 1) * y_i + j + 3] = KERNEL_sum(a1_3);
      y[(i + 2) * y_i + j] = KERNEL_sum(a2_0);
      y[(i + 2) * y_i + j + 1] = KERNEL_sum(a2_1);
      y[(i + 2) * y_i + j + 2] = KERNEL_sum(a2_2);
      y[(i + 2) * y_i + j + 3] = KERNEL_sum(a2_3);
      y[(i + 3) * y_i + j] = KERNEL_sum(a3_0);
      y[(i + 3) * y_i + j + 1] = KERNEL_sum(a3_1);
      y[(i + 3) * y_i + j + 2] = KERNEL_sum(a3_2);
      y[(i + 3) * y_i + j + 3] = KERNEL_sum(a3_3);
      y[(i + 4) * y_i + j] = KERNEL_sum(a4_0);
      y[(i + 4) * y_i + j + 1] = KERNEL_sum(a4_1);
      y[(i + 4) * y_i + j + 2] = KERNEL_sum(a4_2);
      y[(i + 4) * y_i + j + 3] = KERNEL_sum(a4_3);
    }
  }
  for (; j < hi; j++) {
    for (int64_t i = 0; i < n_i; i += 5) {
      KERNEL_vector a0_0 = {0}, a1_0 = {0}, a2_0 = {0}, a3_0 = {0}, a4_0 = {0};
      for (int64_t k = 0; k + 16 <= n_k; k += 16) {
        const KERNEL_vector w0 = *(const KERNEL_vector *)&x1[j * x1_j + k];
        const KERNEL_vector u0 = *(const KERNEL_vector *)&x0[i * x0_i + k];
        a0_0 = KERNEL_fma(u0, w0, a0_0);
        const KERNEL_vector u1 = *(const KERNEL_vector *)&x0[(i + 1) * x0_i + k];
        a1_0 = KERNEL_fma(u1, w0, a1_0);
        const KERNEL_vector u2 = *(const KERNEL_vector *)&x0[(i + 2) * x0_i + k];
        a2_0 = KERNEL_fma(u2, w0, a2_0);
        const KERNEL_vector u3 = *(const KERNEL_vector *)&x0[(i + 3) * x0_i + k];
        a3_0 = KERNEL_fma(u3, w0, a3_0);
        const KERNEL_vector u4 = *(const KERNEL_vector *)&x0[(i + 4) * x0_i + k];
        a4_0 = KERNEL_fma(u4, w0, a4_0);
      }
      if (n_k % 16) {
        const int64_t last = n_k - 16, skip = 16 - n_k % 16;
        const KERNEL_vector w0 = KERNEL_last(&x1[j * x1_j + last], skip);
        const KERNEL_vector u0 = KERNEL_last(&x0[i * x0_i + last], skip);
        a0_0 = KERNEL_fma(u0, w0, a0_0);
        const KERNEL_vector u1 = KERNEL_last(&x0[(i + 1) * x0_i + last], skip);
        a1_0 = KERNEL_fma(u1, w0, a1_0);
        const KERNEL_vector u2 = KERNEL_last(&x0[(i + 2) * x0_i + last], skip);
        a2_0 = KERNEL_fma(u2, w0, a2_0);
        const KERNEL_vector u3 = KERNEL_last(&x0[(i + 3) * x0_i + last], skip);
        a3_0 = KERNEL_fma(u3, w0, a3_0);
        const KERNEL_vector u4 = KERNEL_last(&x0[(i + 4) * x0_i + last], skip);
        a4_0 = KERNEL_fma(u4, w0, a4_0);
      }
      y[i * y_i + j] = KERNEL_sum(a0_0);
      y[(i + 1) * y_i + j] = KERNEL_sum(a1_0);
      y[(i + 2) * y_i + j] = KERNEL_sum(a2_0);
      y[(i + 3) * y_i + j] = KERNEL_sum(a3_0);
      y[(i + 4) * y_i + j] = KERNEL_sum(a4_0);
    }
  }
  return DAMO_OK;
}
/* extents: [784,60,500,500,500,784] */
