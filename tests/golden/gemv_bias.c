/* dotAdd: float32 x0, float32 x1, float32 x2, float32 x3 -> float32 y; i < n_i, j < n_j */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t n_i = n[0], n_j = n[1], x3_j = n[2];
  #pragma GCC ivdep
  for (int64_t i = 0; i < n_i; i++) {
    y[i] = x0[i];
  }
  if (n_i == 0 || n_j == 0) return DAMO_OK;
  ctx->blas->sgemv(101, 112, n_j, n_i, x1[0],
    x3, x3_j, x2, 1, 1.0f, y, 1);
  return DAMO_OK;
}
/* extents: [500,784,500] */
