/* advancedSubtensor_check: int64 x -> ; i < n_i */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const int64_t *x = args[0]->data;
  const int64_t *n = args[1]->data;
  const int64_t n_i = n[0], length = n[1];
  for (int64_t i = 0; i < n_i; i++) {
    const int64_t index = x[i];
    if (index < -length || index >= length) {
      ctx->error = (KernelError){DAMO_INDEX, 0, index, length};
      return DAMO_INDEX;
    }
  }
  return DAMO_OK;
}
/* extents: [32,60] */

/* advancedSubtensor: float32 x0, int64 x1 -> float32 y; i < n_i, j < n_j */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const int64_t *x1 = args[1]->data;
  float *y = args[2]->data;
  const int64_t *n = args[3]->data;
  const int64_t n_j = n[1], x0_d0 = n[2], x0_n0 = n[3], y_i = n[4];
  for (int64_t i = lo; i < hi; i++) {
    const int64_t t0 = x1[i];
    #pragma GCC ivdep
    for (int64_t j = 0; j < n_j; j++) {
      y[i * y_i + j] = x0[j + (t0 < 0 ? t0 + x0_n0 : t0) * x0_d0];
    }
  }
  return DAMO_OK;
}
/* extents: [32,500,500,60,500] */
