/* join: float32 x0, float32 x1 -> float32 y; i < n_i, j < n_j, k < n_k */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  float *y = args[2]->data;
  const int64_t *n = args[3]->data;
  const int64_t n_j = n[1], n_k = n[2], x0_i = n[3], x1_i = n[4], y_i = n[5], y_start = n[6];
  for (int64_t i = lo; i < hi; i++) {
    #pragma GCC ivdep
    for (int64_t j = 0; j < n_j; j++) {
      y[i * y_i + j] = x0[i * x0_i + j];
    }
    #pragma GCC ivdep
    for (int64_t k = 0; k < n_k; k++) {
      y[y_start + i * y_i + k] = x1[i * x1_i + k];
    }
  }
  return DAMO_OK;
}
/* extents: [60,500,20,500,20,520,500] */
