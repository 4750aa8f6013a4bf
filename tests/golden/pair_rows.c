/* dot_dotAdd: float32 x0, float32 x1 in y0, float32 x2, float32 x3 -> float32 y0, float32 y1; i < n_i, j < n_j, k < 3, l < 3 */
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
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y0 = args[4]->data;
  float *y1 = args[5]->data;
  const int64_t *n = args[6]->data;
  const int64_t y0_i = n[1], n_j = n[2], x0_k = n[3], y1_k = n[4], x3_l = n[5], x0_l = n[6];
  KERNEL_vector packed[(n_j / 16 + 1) * 3] __attribute__((aligned(64)));
  for (int64_t j = 0; j + 16 <= n_j; j += 16) {
    packed[j / 16 * 3 + 0] = *(const KERNEL_vector *)&x0[j];
    packed[j / 16 * 3 + 1] = *(const KERNEL_vector *)&x0[j + x0_k];
    packed[j / 16 * 3 + 2] = *(const KERNEL_vector *)&x0[j + 2 * x0_k];
  }
  int64_t i = lo;
  for (; i + 2 <= hi; i += 2) {
    KERNEL_vector a0_0 = {0}, a0_1 = {0}, a0_2 = {0}, a1_0 = {0}, a1_1 = {0}, a1_2 = {0};
    const KERNEL_vector u0_0 = x3[i] - (KERNEL_vector){0};
    const KERNEL_vector u0_1 = x3[i + x3_l] - (KERNEL_vector){0};
    const KERNEL_vector u0_2 = x3[i + 2 * x3_l] - (KERNEL_vector){0};
    const KERNEL_vector u1_0 = x3[i + 1] - (KERNEL_vector){0};
    const KERNEL_vector u1_1 = x3[i + 1 + x3_l] - (KERNEL_vector){0};
    const KERNEL_vector u1_2 = x3[i + 1 + 2 * x3_l] - (KERNEL_vector){0};
    const float t0 = x2[0];
    const float t1 = x2[0];
    for (int64_t j = 0; j + 16 <= n_j; j += 16) {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&y0[i * y0_i + j];
      __builtin_prefetch(&y0[(i + 2) * y0_i + j], 1);
      const KERNEL_vector w1 = *(const KERNEL_vector *)&y0[(i + 1) * y0_i + j];
      __builtin_prefetch(&y0[(i + 3) * y0_i + j], 1);
      const KERNEL_vector d0 = packed[j / 16 * 3 + 0];
      a0_0 = KERNEL_fma(d0, w0, a0_0);
      a1_0 = KERNEL_fma(d0, w1, a1_0);
      const KERNEL_vector d1 = packed[j / 16 * 3 + 1];
      a0_1 = KERNEL_fma(d1, w0, a0_1);
      a1_1 = KERNEL_fma(d1, w1, a1_1);
      const KERNEL_vector d2 = packed[j / 16 * 3 + 2];
      a0_2 = KERNEL_fma(d2, w0, a0_2);
      a1_2 = KERNEL_fma(d2, w1, a1_2);
      KERNEL_vector p0 = {0}, p1 = {0};
      const KERNEL_vector v0 = d0;
      p0 = KERNEL_fma(u0_0, v0, p0);
      p1 = KERNEL_fma(u1_0, v0, p1);
      const KERNEL_vector v1 = d1;
      p0 = KERNEL_fma(u0_1, v1, p0);
      p1 = KERNEL_fma(u1_1, v1, p1);
      const KERNEL_vector v2 = d2;
      p0 = KERNEL_fma(u0_2, v2, p0);
      p1 = KERNEL_fma(u1_2, v2, p1);
      #pragma GCC ivdep
      for (int64_t lane = 0; lane < 16; lane++) {
        y0[i * y0_i + j + lane] = y0[i * y0_i + j + lane] + (t0 * p0[lane]);
      }
      #pragma GCC ivdep
      for (int64_t lane = 0; lane < 16; lane++) {
        y0[(i + 1) * y0_i + j + lane] = y0[(i + 1) * y0_i + j + lane] + (t1 * p1[lane]);
      }
    }
    if (n_j % 16) {
      const int64_t last = n_j - 16, skip = 16 - n_j % 16;
      const KERNEL_vector w0 = KERNEL_last(&y0[i * y0_i + last], skip);
      const KERNEL_vector w1 = KERNEL_last(&y0[(i + 1) * y0_i + last], skip);
      const KERNEL_vector d0 = KERNEL_last(&x0[last], skip);
      a0_0 = KERNEL_fma(d0, w0, a0_0);
      a1_0 = KERNEL_fma(d0, w1, a1_0);
      const KERNEL_vector d1 = KERNEL_last(&x0[last + x0_k], skip);
      a0_1 = KERNEL_fma(d1, w0, a0_1);
      a1_1 = KERNEL_fma(d1, w1, a1_1);
      const KERNEL_vector d2 = KERNEL_last(&x0[last + 2 * x0_k], skip);
      a0_2 = KERNEL_fma(d2, w0, a0_2);
      a1_2 = KERNEL_fma(d2, w1, a1_2);
      KERNEL_vector p0 = {0}, p1 = {0};
      const KERNEL_vector v0 = *(const KERNEL_vector *)&x0[last];
      p0 = KERNEL_fma(u0_0, v0, p0);
      p1 = KERNEL_fma(u1_0, v0, p1);
      const KERNEL_vector v1 = *(const KERNEL_vector *)&x0[last + x0_l];
      p0 = KERNEL_fma(u0_1, v1, p0);
      p1 = KERNEL_fma(u1_1, v1, p1);
      const KERNEL_vector v2 = *(const KERNEL_vector *)&x0[last + 2 * x0_l];
      p0 = KERNEL_fma(u0_2, v2, p0);
      p1 = KERNEL_fma(u1_2, v2, p1);
      #pragma GCC ivdep
      for (int64_t lane = skip; lane < 16; lane++) {
        y0[i * y0_i + last + lane] = y0[i * y0_i + last + lane] + (t0 * p0[lane]);
      }
      #pragma GCC ivdep
      for (int64_t lane = skip; lane < 16; lane++) {
        y0[(i + 1) * y0_i + last + lane] = y0[(i + 1) * y0_i + last + lane] + (t1 * p1[lane]);
      }
    }
    y1[i] = KERNEL_sum(a0_0);
    y1[i + y1_k] = KERNEL_sum(a0_1);
    y1[i + 2 * y1_k] = KERNEL_sum(a0_2);
    y1[i + 1] = KERNEL_sum(a1_0);
    y1[i + 1 + y1_k] = KERNEL_sum(a1_1);
    y1[i + 1 + 2 * y1_k] = KERNEL_sum(a1_2);
  }
  for (; i < hi; i++) {
    KERNEL_vector a0_0 = {0}, a0_1 = {0}, a0_2 = {0};
    const KERNEL_vector u0_0 = x3[i] - (KERNEL_vector){0};
    const KERNEL_vector u0_1 = x3[i + x3_l] - (KERNEL_vector){0};
    const KERNEL_vector u0_2 = x3[i + 2 * x3_l] - (KERNEL_vector){0};
    const float t2 = x2[0];
    for (int64_t j = 0; j + 16 <= n_j; j += 16) {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&y0[i * y0_i + j];
      __builtin_prefetch(&y0[(i + 1) * y0_i + j], 1);
      const KERNEL_vector d0 = packed[j / 16 * 3 + 0];
      a0_0 = KERNEL_fma(d0, w0, a0_0);
      const KERNEL_vector d1 = packed[j / 16 * 3 + 1];
      a0_1 = KERNEL_fma(d1, w0, a0_1);
      const KERNEL_vector d2 = packed[j / 16 * 3 + 2];
      a0_2 = KERNEL_fma(d2, w0, a0_2);
      KERNEL_vector p0 = {0};
      const KERNEL_vector v0 = d0;
      p0 = KERNEL_fma(u0_0, v0, p0);
      const KERNEL_vector v1 = d1;
      p0 = KERNEL_fma(u0_1, v1, p0);
      const KERNEL_vector v2 = d2;
      p0 = KERNEL_fma(u0_2, v2, p0);
      #pragma GCC ivdep
      for (int64_t lane = 0; lane < 16; lane++) {
        y0[i * y0_i + j + lane] = y0[i * y0_i + j + lane] + (t2 * p0[lane]);
      }
    }
    if (n_j % 16) {
      const int64_t last = n_j - 16, skip = 16 - n_j % 16;
      const KERNEL_vector w0 = KERNEL_last(&y0[i * y0_i + last], skip);
      const KERNEL_vector d0 = KERNEL_last(&x0[last], skip);
      a0_0 = KERNEL_fma(d0, w0, a0_0);
      const KERNEL_vector d1 = KERNEL_last(&x0[last + x0_k], skip);
      a0_1 = KERNEL_fma(d1, w0, a0_1);
      const KERNEL_vector d2 = KERNEL_last(&x0[last + 2 * x0_k], skip);
      a0_2 = KERNEL_fma(d2, w0, a0_2);
      KERNEL_vector p0 = {0};
      const KERNEL_vector v0 = *(const KERNEL_vector *)&x0[last];
      p0 = KERNEL_fma(u0_0, v0, p0);
      const KERNEL_vector v1 = *(const KERNEL_vector *)&x0[last + x0_l];
      p0 = KERNEL_fma(u0_1, v1, p0);
      const KERNEL_vector v2 = *(const KERNEL_vector *)&x0[last + 2 * x0_l];
      p0 = KERNEL_fma(u0_2, v2, p0);
      #pragma GCC ivdep
      for (int64_t lane = skip; lane < 16; lane++) {
        y0[i * y0_i + last + lane] = y0[i * y0_i + last + lane] + (t2 * p0[lane]);
      }
    }
    y1[i] = KERNEL_sum(a0_0);
    y1[i + y1_k] = KERNEL_sum(a0_1);
    y1[i + 2 * y1_k] = KERNEL_sum(a0_2);
  }
  return DAMO_OK;
}
/* extents: [784,500,500,500,784,784,500] */
