/* dot: float32 x0, float32 x1 -> float32 y; i < n_i, j < n_j, k < n_k */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  float *y = args[2]->data;
  const int64_t *n = args[3]->data;
  const int64_t n_j = n[1], n_k = n[2], x1_k = n[3], x0_i = n[4], y_i = n[5];
  for (int64_t i = lo; i < hi; i++) {
    for (int64_t first = 0; first < n_j; first += 512) {
      const int64_t past = n_j - first < 512 ? n_j : first + 512;
      float s0[512];
      #pragma GCC ivdep
      for (int64_t j = first; j < past; j++) {
        s0[j - first] = 0.0f;
      }
      for (int64_t k = 0; k + 4 <= n_k; k += 4) {
        const float t0 = x0[i * x0_i + k];
        const float t1 = x0[i * x0_i + k + 1];
        const float t2 = x0[i * x0_i + k + 2];
        const float t3 = x0[i * x0_i + k + 3];
        #pragma GCC ivdep
        for (int64_t j = first; j < past; j++) {
          float sum = s0[j - first];
          sum = fma_f32(t0, x1[j + k * x1_k], sum);
          sum = fma_f32(t1, x1[j + (k + 1) * x1_k], sum);
          sum = fma_f32(t2, x1[j + (k + 2) * x1_k], sum);
          sum = fma_f32(t3, x1[j + (k + 3) * x1_k], sum);
          s0[j - first] = sum;
        }
      }
      for (int64_t k = n_k - n_k % 4; k < n_k; k++) {
        const float t4 = x0[i * x0_i + k];
        #pragma GCC ivdep
        for (int64_t j = first; j < past; j++) {
          float sum = s0[j - first];
          sum = fma_f32(t4, x1[j + k * x1_k], sum);
          s0[j - first] = sum;
        }
      }
      #pragma GCC ivdep
      for (int64_t j = first; j < past; j++) {
        y[i * y_i + j] = s0[j - first];
      }
    }
  }
  return DAMO_OK;
}
/* extents: [60,500,784,500,784,500] */
