/* dotAdd: float32 x0 in y, float32 x1, float32 x2, float32 x3 -> float32 y; i < n_i, j < n_j, k < n_k */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t n_i = n[0], n_j = n[1], n_k = n[2], x3_k = n[3], x2_k = n[4], y_j = n[5];
  if (n_i == 0 || n_j == 0 || n_k == 0) return DAMO_OK;
  ctx->blas->sgemm(101, 112, 111, n_j, n_i, n_k, x1[0],
    x2, x2_k, x3, x3_k, 1.0f, y, y_j);
  return DAMO_OK;
}
/* extents: [500,784,60,500,784,500] */
