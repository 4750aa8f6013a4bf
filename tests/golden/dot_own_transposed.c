/* dot: float32 x0, float32 x1 -> float32 y; i < n_i, j < n_j, k < n_k */
typedef float f32x16 __attribute__((vector_size(64)));
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  float *y = args[2]->data;
  const int64_t *n = args[3]->data;
  const int64_t n_j = n[1], n_k = n[2], x1_j = n[3], x0_i = n[4], y_i = n[5];
  for (int64_t i = lo; i < hi; i++) {
    for (int64_t j = 0; j < n_j; j++) {
      f32x16 sum0 = {0};
      float rest0[16] = {0};
      for (int64_t k = 0; k + 16 <= n_k; k += 16) {
        for (int lane = 0; lane < 16; lane++) {
          sum0[lane] = fma_f32(x0[i * x0_i + k + lane], x1[j * x1_j + k + lane], sum0[lane]);
        }
      }
      for (int64_t k = n_k - n_k % 16, lane = 0; k + lane < n_k; lane++) {
        rest0[lane] = fma_f32(x0[i * x0_i + k + lane], x1[j * x1_j + k + lane], rest0[lane]);
      }
      for (int lane = 0; lane < 16; lane++) rest0[lane] += sum0[lane];
      for (int half = 8; half; half /= 2) {
        for (int lane = 0; lane < half; lane++) rest0[lane] += rest0[lane + half];
      }
      const float s0 = rest0[0];
      y[i * y_i + j] = s0;
    }
  }
  return DAMO_OK;
}
/* extents: [60,784,500,500,500,784] */
