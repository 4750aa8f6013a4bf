/* maxPoolGrad: float32 x0, float32 x1, float32 x2 -> float32 y; i < n_i, j < 12, k < 2, l < 2 */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  float *y = args[3]->data;
  const int64_t *n = args[4]->data;
  const int64_t x2_i = n[1], x1_i = n[2], x0_i = n[3], x0_k = n[4], y_i = n[5], y_k = n[6];
  for (int64_t i = lo; i < hi; i++) {
    #pragma GCC ivdep
    for (int64_t j = 0; j < 12; j++) {
      const float t0 = (x0[i * x0_i + j * 2] == x1[i * x1_i + j]) ? x2[i * x2_i + j] : 0.0f;
      y[i * y_i + j * 2] = (float)((double)t0);
      const float t1 = (x0[i * x0_i + j * 2 + 1] == x1[i * x1_i + j]) ? x2[i * x2_i + j] : 0.0f;
      y[i * y_i + j * 2 + 1] = (float)((double)t1);
      const float t2 = (x0[i * x0_i + j * 2 + x0_k] == x1[i * x1_i + j]) ? x2[i * x2_i + j] : 0.0f;
      y[i * y_i + j * 2 + y_k] = (float)((double)t2);
      const float t3 = (x0[i * x0_i + j * 2 + x0_k + 1] == x1[i * x1_i + j]) ? x2[i * x2_i + j] : 0.0f;
      y[i * y_i + j * 2 + y_k + 1] = (float)((double)t3);
    }
  }
  return DAMO_OK;
}
/* extents: [240,12,12,48,24,48,24] */
