/* dotAdd: float32 x0, float32 x1, float32 x2, float32 x3 -> float32 y; i < n_i, j < n_j */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t n_j = n[1], x3_j = n[2];
  for (int64_t first = lo; first < hi; first += 1024) {
    const int64_t past = hi - first < 1024 ? hi : first + 1024;
    float s0[1024];
    #pragma GCC ivdep
    for (int64_t i = first; i < past; i++) {
      s0[i - first] = 0.0f;
    }
    for (int64_t j = 0; j + 8 <= n_j; j += 8) {
      const float t0 = x2[j];
      const float t1 = x2[j + 1];
      const float t2 = x2[j + 2];
      const float t3 = x2[j + 3];
      const float t4 = x2[j + 4];
      const float t5 = x2[j + 5];
      const float t6 = x2[j + 6];
      const float t7 = x2[j + 7];
      #pragma GCC ivdep
      for (int64_t i = first; i < past; i++) {
        float sum = s0[i - first];
        sum = fma_f32(t0, x3[i + j * x3_j], sum);
        sum = fma_f32(t1, x3[i + (j + 1) * x3_j], sum);
        sum = fma_f32(t2, x3[i + (j + 2) * x3_j], sum);
        sum = fma_f32(t3, x3[i + (j + 3) * x3_j], sum);
        sum = fma_f32(t4, x3[i + (j + 4) * x3_j], sum);
        sum = fma_f32(t5, x3[i + (j + 5) * x3_j], sum);
        sum = fma_f32(t6, x3[i + (j + 6) * x3_j], sum);
        sum = fma_f32(t7, x3[i + (j + 7) * x3_j], sum);
        s0[i - first] = sum;
      }
    }
    for (int64_t j = n_j - n_j % 8; j < n_j; j++) {
      const float t8 = x2[j];
      #pragma GCC ivdep
      for (int64_t i = first; i < past; i++) {
        float sum = s0[i - first];
        sum = fma_f32(t8, x3[i + j * x3_j], sum);
        s0[i - first] = sum;
      }
    }
    const float t9 = x1[0];
    #pragma GCC ivdep
    for (int64_t i = first; i < past; i++) {
      y[i] = x0[i] + (t9 * s0[i - first]);
    }
  }
  return DAMO_OK;
}
/* extents: [500,784,500] */
