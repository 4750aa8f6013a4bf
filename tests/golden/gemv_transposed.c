/* dotAdd: float32 x0, float32 x1, float32 x2, float32 x3 -> float32 y; i < n_i, j < n_j */
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
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t n_i = n[0], n_j = n[1], x2_i = n[2];
  lo = (lo + 4) / 8 * 8;
  if (hi < n_i) hi = (hi + 4) / 8 * 8;
  if (hi > n_i) hi = n_i;
  int64_t i = lo;
  for (; i + 8 <= hi; i += 8) {
    KERNEL_vector a0_0 = {0}, a0_1 = {0}, a0_2 = {0}, a0_3 = {0}, a0_4 = {0}, a0_5 = {0}, a0_6 = {0}, a0_7 = {0};
    for (int64_t j = 0; j + 16 <= n_j; j += 16) {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&x2[i * x2_i + j];
      const KERNEL_vector w1 = *(const KERNEL_vector *)&x2[(i + 1) * x2_i + j];
      const KERNEL_vector w2 = *(const KERNEL_vector *)&x2[(i + 2) * x2_i + j];
      const KERNEL_vector w3 = *(const KERNEL_vector *)&x2[(i + 3) * x2_i + j];
      const KERNEL_vector w4 = *(const KERNEL_vector *)&x2[(i + 4) * x2_i + j];
      const KERNEL_vector w5 = *(const KERNEL_vector *)&x2[(i + 5) * x2_i + j];
      const KERNEL_vector w6 = *(const KERNEL_vector *)&x2[(i + 6) * x2_i + j];
      const KERNEL_vector w7 = *(const KERNEL_vector *)&x2[(i + 7) * x2_i + j];
      const KERNEL_vector u0 = *(const KERNEL_vector *)&x3[j];
      a0_0 = KERNEL_fma(u0, w0, a0_0);
      a0_1 = KERNEL_fma(u0, w1, a0_1);
      a0_2 = KERNEL_fma(u0, w2, a0_2);
      a0_3 = KERNEL_fma(u0, w3, a0_3);
      a0_4 = KERNEL_fma(u0, w4, a0_4);
      a0_5 = KERNEL_fma(u0, w5, a0_5);
      a0_6 = KERNEL_fma(u0, w6, a0_6);
      a0_7 = KERNEL_fma(u0, w7, a0_7);
    }
    if (n_j % 16) {
      const int64_t last = n_j - 16, skip = 16 - n_j % 16;
      const KERNEL_vector w0 = KERNEL_last(&x2[i * x2_i + last], skip);
      const KERNEL_vector w1 = KERNEL_last(&x2[(i + 1) * x2_i + last], skip);
      const KERNEL_vector w2 = KERNEL_last(&x2[(i + 2) * x2_i + last], skip);
      const KERNEL_vector w3 = KERNEL_last(&x2[(i + 3) * x2_i + last], skip);
      const KERNEL_vector w4 = KERNEL_last(&x2[(i + 4) * x2_i + last], skip);
      const KERNEL_vector w5 = KERNEL_last(&x2[(i + 5) * x2_i + last], skip);
      const KERNEL_vector w6 = KERNEL_last(&x2[(i + 6) * x2_i + last], skip);
      const KERNEL_vector w7 = KERNEL_last(&x2[(i + 7) * x2_i + last], skip);
      const KERNEL_vector u0 = KERNEL_last(&x3[last], skip);
      a0_0 = KERNEL_fma(u0, w0, a0_0);
      a0_1 = KERNEL_fma(u0, w1, a0_1);
      a0_2 = KERNEL_fma(u0, w2, a0_2);
      a0_3 = KERNEL_fma(u0, w3, a0_3);
      a0_4 = KERNEL_fma(u0, w4, a0_4);
      a0_5 = KERNEL_fma(u0, w5, a0_5);
      a0_6 = KERNEL_fma(u0, w6, a0_6);
      a0_7 = KERNEL_fma(u0, w7, a0_7);
    }
    y[i] = x0[i] + (x1[0] * KERNEL_sum(a0_0));
    y[i + 1] = x0[i + 1] + (x1[0] * KERNEL_sum(a0_1));
    y[i + 2] = x0[i + 2] + (x1[0] * KERNEL_sum(a0_2));
    y[i + 3] = x0[i + 3] + (x1[0] * KERNEL_sum(a0_3));
    y[i + 4] = x0[i + 4] + (x1[0] * KERNEL_sum(a0_4));
    y[i + 5] = x0[i + 5] + (x1[0] * KERNEL_sum(a0_5));
    y[i + 6] = x0[i + 6] + (x1[0] * KERNEL_sum(a0_6));
    y[i + 7] = x0[i + 7] + (x1[0] * KERNEL_sum(a0_7));
  }
  for (; i < hi; i++) {
    KERNEL_vector a0_0 = {0};
    for (int64_t j = 0; j + 16 <= n_j; j += 16) {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&x2[i * x2_i + j];
      const KERNEL_vector u0 = *(const KERNEL_vector *)&x3[j];
      a0_0 = KERNEL_fma(u0, w0, a0_0);
    }
    if (n_j % 16) {
      const int64_t last = n_j - 16, skip = 16 - n_j % 16;
      const KERNEL_vector w0 = KERNEL_last(&x2[i * x2_i + last], skip);
      const KERNEL_vector u0 = KERNEL_last(&x3[last], skip);
      a0_0 = KERNEL_fma(u0, w0, a0_0);
    }
    y[i] = x0[i] + (x1[0] * KERNEL_sum(a0_0));
  }
  return DAMO_OK;
}
/* extents: [784,500,500] */
