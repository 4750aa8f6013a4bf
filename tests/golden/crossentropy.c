/* crossentropySoftmax1Hot_check: int32 x -> ; i < n_i */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const int32_t *x = args[0]->data;
  const int64_t *n = args[1]->data;
  const int64_t n_i = n[0];
  for (int64_t i = 0; i < n_i; i++) {
    const int64_t index = x[i];
    if (index < -10 || index >= 10) {
      ctx->error = (KernelError){DAMO_INDEX, 1, index, 10};
      return DAMO_INDEX;
    }
  }
  return DAMO_OK;
}
/* extents: [60] */

/* crossentropySoftmax1Hot: float32 x0, int32 x1 -> float32 y0, float32 y1; i < n_i, j < 10 */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const int32_t *x1 = args[1]->data;
  float *y0 = args[2]->data;
  float *y1 = args[3]->data;
  const int64_t *n = args[4]->data;
  const int64_t x0_i = n[1], y1_i = n[2];
  for (int64_t i = lo; i < hi; i++) {
    float s0 = -DAMO_INF_F32;
    #pragma GCC unroll 10
    for (int64_t j = 0; j < 10; j++) {
      s0 = maximum_f32(s0, x0[i * x0_i + j]);
    }
    float s1 = 0.0f;
    #pragma GCC unroll 10
    for (int64_t j = 0; j < 10; j++) {
      s1 += exp_f32(x0[i * x0_i + j] - s0);
    }
    #pragma GCC ivdep
    for (int64_t j = 0; j < 10; j++) {
      y1[i * y1_i + j] = exp_f32(x0[i * x0_i + j] - s0) / s1;
    }
    const int64_t t0 = (int64_t)x1[i];
    const int64_t t1 = (t0 < INT64_C(0)) ? ((int64_t)((uint64_t)t0 + (uint64_t)10)) : t0;
    y0[i] = log_f32(s1) - (x0[i * x0_i + (t1 < 0 ? t1 + 10 : t1)] - s0);
  }
  return DAMO_OK;
}
/* extents: [60,10,10] */
