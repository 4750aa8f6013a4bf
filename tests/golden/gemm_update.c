/* dotAdd: float32 x0 in y, float32 x1, float32 x2, float32 x3 -> float32 y; i < n_i, j < length, k < n_k */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t n_i = n[1], n_j = n[2], n_k = n[3], x3_k = n[4], x2_k = n[5], y_j = n[6], most = n[7];
  for (int64_t part = lo; part < hi; part++) {
    const int64_t from = part * most;
    const int64_t length = n_j - from < most ? n_j - from : most;
    const int64_t from0 = from;
    const int64_t from1 = from * y_j;
    ctx->blas->sgemm(101, 112, 111, length, n_i, n_k, x1[0],
      x2 + from0, x2_k, x3, x3_k, 1.0f, y + from1, y_j);
  }
  return DAMO_OK;
}
/* extents: [4,500,784,200,500,784,500,196] */
