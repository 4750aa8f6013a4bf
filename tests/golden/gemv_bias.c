/* dotAdd: float32 x0, float32 x1, float32 x2, float32 x3 -> float32 y; i < n_i, j < terms, part < parts */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t n_i = n[1], n_j = n[2], x3_j = n[3], elements = n[4], most = n[5];
  for (int64_t part = lo; part < hi; part++) {
    const int64_t from = part * most;
    const int64_t terms = n_j - from < most ? n_j - from : most;
    const int64_t from0 = from * x3_j;
    const int64_t from1 = from;
    for (int64_t first = 0; first < n_i; first += 1024) {
      const int64_t past = n_i - first < 1024 ? n_i : first + 1024;
      float s0[1024];
      #pragma GCC ivdep
      for (int64_t i = first; i < past; i++) {
        s0[i - first] = 0.0f;
      }
      for (int64_t j = 0; j + 8 <= terms; j += 8) {
        const float t0 = x2[from1 + j];
        const float t1 = x2[from1 + j + 1];
        const float t2 = x2[from1 + j + 2];
        const float t3 = x2[from1 + j + 3];
        const float t4 = x2[from1 + j + 4];
        const float t5 = x2[from1 + j + 5];
        const float t6 = x2[from1 + j + 6];
        const float t7 = x2[from1 + j + 7];
        #pragma GCC ivdep
        for (int64_t i = first; i < past; i++) {
          float sum = s0[i - first];
          sum = fma_f32(t0, x3[from0 + i + j * x3_j], sum);
          sum = fma_f32(t1, x3[from0 + i + (j + 1) * x3_j], sum);
          sum = fma_f32(t2, x3[from0 + i + (j + 2) * x3_j], sum);
          sum = fma_f32(t3, x3[from0 + i + (j + 3) * x3_j], sum);
          sum = fma_f32(t4, x3[from0 + i + (j + 4) * x3_j], sum);
          sum = fma_f32(t5, x3[from0 + i + (j + 5) * x3_j], sum);
          sum = fma_f32(t6, x3[from0 + i + (j + 6) * x3_j], sum);
          sum = fma_f32(t7, x3[from0 + i + (j + 7) * x3_j], sum);
          s0[i - first] = sum;
        }
      }
      for (int64_t j = terms - terms % 8; j < terms; j++) {
        const float t8 = x2[from1 + j];
        #pragma GCC ivdep
        for (int64_t i = first; i < past; i++) {
          float sum = s0[i - first];
          sum = fma_f32(t8, x3[from0 + i + j * x3_j], sum);
          s0[i - first] = sum;
        }
      }
      #pragma GCC ivdep
      for (int64_t i = first; i < past; i++) {
        y[i + part * elements] = s0[i - first];
      }
    }
  }
  return DAMO_OK;
}
/* extents: [4,500,784,500,500,196] */

/* dotAdd: float32 x0, float32 x1, float32 x2, float32 x3, float32 found -> float32 y; i < n_i, part < 4 */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  const float *found = args[4]->data;
  float *y = args[5]->data;
  const int64_t *n = args[6]->data;
  const int64_t elements = n[3];
  for (int64_t first = lo; first < hi; first += 1024) {
    const int64_t past = hi - first < 1024 ? hi : first + 1024;
    float s0[1024];
    #pragma GCC ivdep
    for (int64_t i = first; i < past; i++) {
      s0[i - first] = 0.0f;
    }
    for (int64_t part = 0; part < 4; part++) {
      #pragma GCC ivdep
      for (int64_t i = first; i < past; i++) {
        s0[i - first] += found[i + part * elements];
      }
    }
    const float t0 = x1[0];
    #pragma GCC ivdep
    for (int64_t i = first; i < past; i++) {
      y[i] = x0[i] + (t0 * s0[i - first]);
    }
  }
  return DAMO_OK;
}
/* extents: [500,784,500,500] */
