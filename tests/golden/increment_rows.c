/* incSubtensor_check: int64 x -> ; i < n_i */
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

/* incSubtensor: float32 x0 in y, float32 x1, int64 x2 -> float32 y; i < n_i, j < n_j */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x1 = args[1]->data;
  const int64_t *x2 = args[2]->data;
  float *y = args[3]->data;
  const int64_t *n = args[4]->data;
  const int64_t n_i = n[0], n_j = n[1], x1_i = n[2], y_d0 = n[3], y_n0 = n[4];
  for (int64_t i = 0; i < n_i; i++) {
    const int64_t t0 = x2[i];
    #pragma GCC ivdep
    for (int64_t j = 0; j < n_j; j++) {
      y[j + (t0 < 0 ? t0 + y_n0 : t0) * y_d0] += x1[i * x1_i + j];
    }
  }
  return DAMO_OK;
}
/* extents: [32,500,500,500,60] */
